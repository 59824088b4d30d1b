"""Train the network with Keras's backend, and save it."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from keras_mnist.backends import build_loop
from keras_mnist.model_files import save
from keras_mnist.network import build


class KerasNetwork:
    def __init__(self, options: argparse.Namespace) -> None:
        backend = keras.backend.backend()
        self.label = f"Keras {keras.__version__} on {backend}"
        self.settings = {"backend": backend}
        self._model = build(options)
        self._variables = [*self._model.variables, *self._model.optimizer.variables]
        loop = build_loop(self._model)
        self.train, self.evaluate = loop.train, loop.evaluate

    def state(self) -> tuple[np.ndarray, ...]:
        return tuple(np.asarray(variable.value) for variable in self._variables)

    def restore(self, state: Sequence[np.ndarray]) -> None:
        for variable, value in zip(self._variables, state, strict=True):
            variable.assign(value)

    def save(self, folder: Path) -> None:
        save(self._model, folder)
