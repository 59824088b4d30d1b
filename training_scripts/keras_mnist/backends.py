"""What Keras runs on: a loop that trains a whole epoch in one compiled call.

Keras' own `fit` comes back to Python after every batch. A step of this network takes less than a millisecond, so
most of an epoch would go there.
"""

from typing import Protocol

import keras
import numpy as np

from problems import InputError


class Loop(Protocol):
    """Trains the network that it was made for; the network's own variables hold all of the state."""

    def train(self, images: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> None:
        """One pass over the batches, in their order."""

    def evaluate(self, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        """Loss and accuracy."""


def loop(model: keras.Model) -> Loop:
    match keras.backend.backend():
        case "tensorflow":
            from tensorflow_loop import TensorFlowLoop

            return TensorFlowLoop(model)
        case "jax":
            from jax_loop import JaxLoop

            return JaxLoop(model)
        case other:
            raise InputError(f"KERAS_BACKEND is {other!r}; set it to tensorflow or jax")
