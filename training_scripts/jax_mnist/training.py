"""Train the network, and save it as arrays of numpy.

A whole epoch is one compiled program. A step takes less than a millisecond, so returning to Python after each batch
would take most of the time.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np

from jax_mnist.network import Batch, State, initialize, scores, train_step
from shared.digits import CLASSES, SIDE


class JaxNetwork:
    def __init__(self, options: argparse.Namespace) -> None:
        self.label = f"JAX {jax.__version__}"
        self.settings = {"framework": "jax"}
        widths = (SIDE * SIDE, options.first_layer_neurons, options.second_layer_neurons, CLASSES)
        self._state = initialize(options.seed, widths)
        self._structure = jax.tree.structure(self._state)

        def step(state: State, batch: Batch) -> tuple[State, None]:
            return train_step(state, batch, options.learning_rate), None

        self._epoch = jax.jit(lambda state, batches: jax.lax.scan(step, state, batches)[0])
        self._scores = jax.jit(scores)

    def state(self) -> tuple[np.ndarray, ...]:
        return tuple(map(np.asarray, jax.tree.leaves(self._state)))

    def restore(self, state: Sequence[np.ndarray]) -> None:
        self._state = jax.tree.unflatten(self._structure, map(jax.numpy.asarray, state))

    def train(self, images: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> None:
        self._state = self._epoch(self._state, (images, labels, weights))

    def evaluate(self, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        loss, accuracy = self._scores(self._state[0], images, labels)
        return float(loss), float(accuracy)

    def save(self, folder: Path) -> None:
        """Write model.npz, and model.json with the shape of each array and what the network does with them."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {
            f"{number}.{name}": np.asarray(array)
            for number, layer in enumerate(self._state[0])
            for name, array in layer.items()
        }
        np.savez(folder / "model.npz", **arrays)
        about = {
            "arrays": {name: array.shape for name, array in arrays.items()},
            "input": "images of 784 bytes, divided by 255",
            "activations": ["relu", "relu", "softmax"],
        }
        (folder / "model.json").write_text(json.dumps(about, indent=2), encoding="utf-8")
