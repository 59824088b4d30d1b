"""scikit-learn: autolog of one fit."""

import mlflow
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()
features, labels = load_iris(return_X_y=True, as_frame=True)
train_x, test_x, train_y, test_y = train_test_split(features, labels, random_state=0)
model = LogisticRegression(max_iter=200, random_state=0)
model.fit(train_x, train_y)
model.score(test_x, test_y)
