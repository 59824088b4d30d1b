"""XGBoost: autolog of a training with an evaluation set and early stopping."""

import mlflow
import xgboost
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

mlflow.xgboost.autolog()
features, labels = load_breast_cancer(return_X_y=True, as_frame=True)
train_x, test_x, train_y, test_y = train_test_split(features, labels, random_state=0)
train = xgboost.DMatrix(train_x, label=train_y)
test = xgboost.DMatrix(test_x, label=test_y)
xgboost.train(
    {
        "objective": "binary:logistic",
        "eval_metric": ["logloss", "auc"],
        "max_depth": 2,
        "nthread": 1,
        "seed": 0,
    },
    train,
    num_boost_round=15,
    evals=[(train, "train"), (test, "test")],
    early_stopping_rounds=5,
    verbose_eval=False,
)
