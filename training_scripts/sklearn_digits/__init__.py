"""The training script of sklearn-digits: `python -m sklearn_digits`."""
