"""Train a dense network on handwritten digits, with any framework: arguments, epochs, checkpoints, metrics.

The same seed on the same machine gives the same bytes, even if training is killed and resumed: the order of the
images depends on the seed and the epoch only, and a checkpoint contains the whole state after an epoch.
"""

import argparse
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from shared.batches import shuffle
from shared.checkpoints import Checkpoint, read_checkpoint
from shared.command_line import parse_positive, parse_seed, run
from shared.digits import Digits, load
from shared.recording import Recorder, open_recorder

OUTPUTS = Path("outputs")


class Network(Protocol):
    """A network with its optimizer, as a framework trains it.

    label: the framework with its version. settings: what the weights depend on, besides the script's arguments.
    """

    label: str
    settings: Mapping[str, str]

    def state(self) -> tuple[np.ndarray, ...]:
        """Return everything that the next epoch depends on."""

    def restore(self, state: Sequence[np.ndarray]) -> None:
        """Continue from what `state` returned."""

    def train(self, images: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> None:
        """Train on the batches once, in their order. weights: of the images in the loss."""

    def evaluate(self, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        """Return the loss and the accuracy."""

    def save(self, folder: Path) -> None:
        """Write the network to the folder. The same network gives the same bytes."""


def main(module: str, build: Callable[[argparse.Namespace], Network]) -> int:
    """Train as the command line says, and return the exit code. build: returns the untrained network."""
    options = build_parser(module).parse_args()
    return run(lambda: train(options, build))


def build_parser(module: str) -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog=f"python -m {module}",
        description="Train a small dense network on handwritten digits.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
    )
    options.add_argument("--data-folder", type=Path, required=True, help="folder of the four IDX files")
    options.add_argument("--batch-size", type=parse_positive, default=50, help="images per step")
    options.add_argument(
        "--first-layer-neurons", type=parse_positive, default=300, help="width of the first layer"
    )
    options.add_argument(
        "--second-layer-neurons", type=parse_positive, default=100, help="width of the second layer"
    )
    options.add_argument("--learning-rate", type=float, default=0.001, help="learning rate of RMSprop")
    options.add_argument("--epochs", type=parse_positive, default=20, help="passes over the training images")
    options.add_argument(
        "--seed",
        type=parse_seed,
        default=1,
        help="seed of the initial weights and of the order of the images",
    )
    return options


def train(options: argparse.Namespace, build: Callable[[argparse.Namespace], Network]) -> None:
    """Train, and save the network. Raises InputError."""
    training, test = load(options.data_folder, "train"), load(options.data_folder, "t10k")
    network = build(options)
    settings = {**_settings(options, training, test), **network.settings}
    checkpoint = _load_checkpoint(settings) or Checkpoint(0, network.state(), (), settings)
    network.restore(checkpoint.state)
    print(_headline(training, test, network.label, checkpoint.epoch), flush=True)
    with open_recorder() as recorder:
        recorder.log_parameters({**settings, "epochs": options.epochs})
        for _ in range(checkpoint.epoch, options.epochs):
            checkpoint = _train_epoch(network, checkpoint, training, test, options, recorder)
        network.save(OUTPUTS / "model")
        loss, accuracy = checkpoint.history[-1]
        recorder.log_metrics({"Final test loss": loss, "Final test accuracy": accuracy}, checkpoint.epoch)
        recorder.log_history(checkpoint.history, f"MNIST with {network.label}")
    print(f"final test loss {loss:.4f}, final test accuracy {accuracy:.4f}", flush=True)


def _train_epoch(
    network: Network,
    checkpoint: Checkpoint,
    training: Digits,
    test: Digits,
    options: argparse.Namespace,
    recorder: Recorder,
) -> Checkpoint:
    """Train one more epoch, record it, and return its checkpoint."""
    started, epoch = time.monotonic(), checkpoint.epoch + 1
    network.train(*shuffle(training, options.batch_size, (options.seed, epoch)))
    loss, accuracy = network.evaluate(test.images, test.labels)
    # Record before writing the checkpoint: after a kill in between, the epoch repeats and replaces them.
    recorder.log_metrics({"Loss": loss, "Accuracy": accuracy}, epoch)
    checkpoint = checkpoint.after(network.state(), loss, accuracy)
    checkpoint.write(OUTPUTS / "checkpoints")
    print(_line(epoch, options.epochs, loss, accuracy, time.monotonic() - started), flush=True)
    return checkpoint


def _settings(options: argparse.Namespace, training: Digits, test: Digits) -> dict[str, Any]:
    """Return what the weights depend on, besides the number of epochs. A checkpoint of other settings is refused."""
    return {
        "batch_size": options.batch_size,
        "first_layer_neurons": options.first_layer_neurons,
        "second_layer_neurons": options.second_layer_neurons,
        "learning_rate": options.learning_rate,
        "seed": options.seed,
        "training_data": training.digest,
        "test_data": test.digest,
    }


def _load_checkpoint(settings: dict[str, Any]) -> Checkpoint | None:
    folder = os.environ.get("DRESSAGE_RESUME_FROM")
    return read_checkpoint(Path(folder), settings) if folder else None


def _headline(training: Digits, test: Digits, label: str, epoch: int) -> str:
    words = f"{len(training.labels)} training and {len(test.labels)} test images, {label}"
    return words + (f", resuming after epoch {epoch}" if epoch else "")


def _line(epoch: int, epochs: int, loss: float, accuracy: float, seconds: float) -> str:
    of = f"{epoch:>{len(str(epochs))}}/{epochs}"
    return f"epoch {of}  loss {loss:.4f}  accuracy {accuracy:.4f}  {seconds:.1f} s"
