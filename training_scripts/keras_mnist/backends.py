"""Choose the training loop for Keras's backend. A loop trains a whole epoch in one compiled call.

Keras's own `fit` returns to Python after every batch. A step of this network takes less than a millisecond, so most
of an epoch would be spent in Python.
"""

from typing import Protocol

import keras
import numpy as np

from shared.problems import InputError


class Loop(Protocol):
    """Trains one network. The network's variables contain the whole state."""

    def train(self, images: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> None:
        """Train on the batches once, in their order."""

    def evaluate(self, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        """Return the loss and the accuracy."""


def build_loop(model: keras.Model) -> Loop:
    match keras.backend.backend():
        case "tensorflow":
            from keras_mnist.tensorflow_loop import TensorFlowLoop

            return TensorFlowLoop(model)
        case "jax":
            from keras_mnist.jax_loop import JaxLoop

            return JaxLoop(model)
        case other:
            raise InputError(f"KERAS_BACKEND is {other!r}; set it to tensorflow or jax")
