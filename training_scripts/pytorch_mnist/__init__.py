"""The training script of pytorch-mnist: `python -m pytorch_mnist`."""
