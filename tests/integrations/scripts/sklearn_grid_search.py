"""scikit-learn: autolog of a grid search, with a child run for each candidate."""

import mlflow
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

mlflow.sklearn.autolog(max_tuning_runs=None)
features, labels = load_iris(return_X_y=True)
search = GridSearchCV(
    DecisionTreeClassifier(random_state=0), {"max_depth": [1, 2, 3], "criterion": ["gini", "entropy"]}, cv=3
)
search.fit(features, labels)
