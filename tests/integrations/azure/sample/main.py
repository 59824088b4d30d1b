"""Predict who does not pay a credit card's bill, in the form of the job of Azure Machine Learning's tutorial."""

import argparse
import os

import mlflow
import mlflow.sklearn
import pandas as pd
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import classification_report
from sklearn.model_selection import train_test_split

LABEL = "default payment next month"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=str, help="path to input data")
    parser.add_argument("--test_train_ratio", type=float, required=False, default=0.25)
    parser.add_argument("--n_estimators", required=False, default=100, type=int)
    parser.add_argument("--learning_rate", required=False, default=0.1, type=float)
    parser.add_argument("--registered_model_name", type=str, help="model name")
    args = parser.parse_args()

    mlflow.start_run()
    mlflow.autolog()
    credit_df = pd.read_csv(args.data, header=1, index_col=0)
    mlflow.log_metric("num_samples", credit_df.shape[0])
    mlflow.log_metric("num_features", credit_df.shape[1] - 1)
    train_df, test_df = train_test_split(credit_df, test_size=args.test_train_ratio)

    y_train = train_df.pop(LABEL)
    y_test = test_df.pop(LABEL)
    clf = GradientBoostingClassifier(n_estimators=args.n_estimators, learning_rate=args.learning_rate)
    clf.fit(train_df.values, y_train)
    print(classification_report(y_test, clf.predict(test_df.values)))

    print("Registering the model via MLFlow")
    mlflow.sklearn.log_model(
        sk_model=clf,
        registered_model_name=args.registered_model_name,
        artifact_path=args.registered_model_name,
    )
    mlflow.sklearn.save_model(sk_model=clf, path=os.path.join(args.registered_model_name, "trained_model"))
    mlflow.end_run()


if __name__ == "__main__":
    main()
