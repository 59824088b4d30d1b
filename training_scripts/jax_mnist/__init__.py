"""The training script of jax-mnist: `python -m jax_mnist`."""
