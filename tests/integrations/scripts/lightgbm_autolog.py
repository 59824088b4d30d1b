"""LightGBM: autolog of a training with a validation set."""

import lightgbm
import mlflow
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

mlflow.lightgbm.autolog()
features, labels = load_breast_cancer(return_X_y=True, as_frame=True)
train_x, test_x, train_y, test_y = train_test_split(features, labels, random_state=0)
train = lightgbm.Dataset(train_x, label=train_y)
test = lightgbm.Dataset(test_x, label=test_y, reference=train)
settings = {"objective": "binary", "metric": "auc", "num_leaves": 7, "num_threads": 1, "seed": 0}
lightgbm.train(
    {**settings, "deterministic": True, "verbose": -1},
    train,
    num_boost_round=15,
    valid_sets=[train, test],
    valid_names=["train", "test"],
)
