"""Train the network with PyTorch, step by step."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from pytorch_mnist.model_files import save
from pytorch_mnist.network import build, build_optimizer, scale


class TorchNetwork:
    def __init__(self, options: argparse.Namespace) -> None:
        self.label = f"PyTorch {torch.__version__}"
        self.settings = {"framework": "pytorch"}
        torch.use_deterministic_algorithms(True)
        # The matrices are small: more threads only wait for each other, and for long if other processes need the CPU.
        torch.set_num_threads(1)
        torch.manual_seed(options.seed)
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._model = build(options.first_layer_neurons, options.second_layer_neurons).to(self._device)
        self._optimizer = build_optimizer(self._model, options.learning_rate)

    def state(self) -> tuple[np.ndarray, ...]:
        return tuple(tensor.detach().cpu().numpy().copy() for tensor in self._tensors())

    def restore(self, state: Sequence[np.ndarray]) -> None:
        with torch.no_grad():
            for tensor, value in zip(self._tensors(), state, strict=True):
                tensor.copy_(torch.tensor(value))

    def train(self, images: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> None:
        batches = (self._move(images), self._move(labels).long(), self._move(weights))
        for batch_images, batch_labels, batch_weights in zip(*batches, strict=True):
            self._optimizer.zero_grad()
            losses = cross_entropy(self._model(scale(batch_images)), batch_labels, reduction="none")
            ((losses * batch_weights).sum() / batch_weights.sum()).backward()
            self._optimizer.step()

    @torch.no_grad()
    def evaluate(self, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        scores, wanted = self._model(scale(self._move(images))), self._move(labels).long()
        hits = scores.argmax(dim=1) == wanted
        return cross_entropy(scores, wanted).item(), hits.float().mean().item()

    def save(self, folder: Path) -> None:
        save(self._model, folder)

    def _tensors(self) -> Iterator[torch.Tensor]:
        """Yield everything that a step changes. A network with dropout also needs the state of the generator."""
        yield from self._model.parameters()
        for weights in self._model.parameters():
            yield from self._optimizer.state[weights].values()

    def _move(self, values: np.ndarray) -> torch.Tensor:
        return torch.tensor(values, device=self._device)
