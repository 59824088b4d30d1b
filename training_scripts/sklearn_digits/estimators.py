"""The classifiers. Each takes images of 784 bytes, and scales them itself."""

import argparse
from typing import Any

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC


def build(options: argparse.Namespace) -> Any:
    """Return the classifier that the options name, not fitted."""
    classifiers = {
        "svm": SVC(C=options.c, cache_size=1000),
        "logistic": LogisticRegression(C=options.c, max_iter=1000),
    }
    return make_pipeline(MinMaxScaler(), classifiers[options.estimator])
