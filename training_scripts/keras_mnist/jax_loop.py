"""Compile a whole epoch into one XLA program, with JAX."""

from collections.abc import Callable
from typing import Any

import jax
import keras
import numpy as np

from keras_mnist.network import mean_loss, scale, scores

State = tuple[list[jax.Array], list[jax.Array]]
Batch = tuple[jax.Array, jax.Array, jax.Array]


class JaxLoop:
    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._epoch = jax.jit(lambda state, batches: jax.lax.scan(_step(model), state, batches)[0])
        self._scores = jax.jit(
            lambda weights, images, labels: scores(labels, _predict(model, weights, images))
        )

    def train(self, images: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> None:
        variables = self._model.trainable_variables, self._model.optimizer.variables
        state = self._epoch(tuple(map(_values, variables)), (images, labels, weights))
        for old, new in zip(variables, state, strict=True):
            for variable, value in zip(old, new, strict=True):
                variable.assign(value)

    def evaluate(self, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        loss, accuracy = self._scores(_values(self._model.trainable_variables), images, labels)
        return float(loss), float(accuracy)


def _step(model: keras.Model) -> Callable[[State, Batch], tuple[State, None]]:
    def loss_of(network: list[jax.Array], images: jax.Array, labels: jax.Array, weights: jax.Array) -> Any:
        return mean_loss(labels, _predict(model, network, images), weights)

    def step(state: State, batch: Batch) -> tuple[State, None]:
        network, optimizer = state
        gradients = jax.grad(loss_of)(network, *batch)
        return model.optimizer.stateless_apply(optimizer, gradients, network), None

    return step


def _predict(model: keras.Model, network: list[jax.Array], images: jax.Array) -> jax.Array:
    return model.stateless_call(network, [], scale(images))[0]


def _values(variables: list[Any]) -> list[jax.Array]:
    return [variable.value for variable in variables]
