"""The training script of keras-mnist: `python -m keras_mnist`."""
