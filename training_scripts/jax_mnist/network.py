"""The network and its optimizer as functions. Initial weights and optimizer are those that Keras uses by default."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp

Weights = list[dict[str, jax.Array]]
"""The kernel and the bias of each layer."""
State = tuple[Weights, Weights]
"""The weights, and for each of them the moving average of its squared gradients."""
Batch = tuple[jax.Array, jax.Array, jax.Array]

_DECAY = 0.9
_EPSILON = 1e-7


def initialize(seed: int, widths: Sequence[int]) -> State:
    """Return the state of an untrained network. widths: of the input and of each layer."""
    keys = jax.random.split(jax.random.key(seed), len(widths) - 1)
    weights = [_layer(key, *sizes) for key, *sizes in zip(keys, widths[:-1], widths[1:], strict=True)]
    return weights, jax.tree.map(jnp.zeros_like, weights)


def _layer(key: jax.Array, inputs: int, outputs: int) -> dict[str, jax.Array]:
    kernel = jax.nn.initializers.glorot_uniform()(key, (inputs, outputs), jnp.float32)
    return {"kernel": kernel, "bias": jnp.zeros(outputs, jnp.float32)}


def predict(weights: Weights, images: jax.Array) -> jax.Array:
    """Return the logarithm of each digit's probability. images: bytes of shape (count, 784)."""
    values = images.astype(jnp.float32) / 255.0
    for layer in weights[:-1]:
        values = jax.nn.relu(values @ layer["kernel"] + layer["bias"])
    return jax.nn.log_softmax(values @ weights[-1]["kernel"] + weights[-1]["bias"])


def losses(weights: Weights, images: jax.Array, labels: jax.Array) -> jax.Array:
    """Return the cross-entropy of each image."""
    return -jnp.take_along_axis(predict(weights, images), labels[:, None], axis=1)[:, 0]


def train_step(state: State, batch: Batch, learning_rate: float) -> State:
    """Return the state after one step of RMSprop."""
    weights, squares = state
    gradients = jax.grad(_mean_loss)(weights, *batch)
    squares = jax.tree.map(lambda old, new: _DECAY * old + (1 - _DECAY) * new**2, squares, gradients)
    steps = jax.tree.map(lambda new, square: new / jnp.sqrt(square + _EPSILON), gradients, squares)
    return jax.tree.map(lambda old, step: old - learning_rate * step, weights, steps), squares


def _mean_loss(weights: Weights, images: jax.Array, labels: jax.Array, shares: jax.Array) -> jax.Array:
    return jnp.sum(losses(weights, images, labels) * shares) / jnp.sum(shares)


def scores(weights: Weights, images: jax.Array, labels: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the mean loss and the accuracy."""
    hits = jnp.argmax(predict(weights, images), axis=1) == labels
    return jnp.mean(losses(weights, images, labels)), jnp.mean(hits)
