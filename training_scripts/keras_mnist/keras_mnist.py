"""Train a 784-300-100-10 network on handwritten digits, with Keras on TensorFlow or JAX.

    python keras_mnist.py --data-folder DIR

DIR contains the four files of MNIST, or your own digits in the same format. The network is saved to outputs/model,
checkpoints to outputs/checkpoints. Metrics are printed, and recorded with MLflow if MLFLOW_TRACKING_URI is set.
KERAS_BACKEND selects the backend.

The same seed on the same machine gives the same bytes, even if training is killed and resumed: the order of the
images depends on the seed and the epoch only, and a checkpoint contains the whole state after an epoch.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from checkpoints import Checkpoint, read_checkpoint
from digits import Digits, load
from problems import InputError
from recording import open_recorder

OUTPUTS = Path("outputs")


def main(arguments: Sequence[str] | None = None) -> int:
    options = build_parser().parse_args(arguments)
    try:
        train(options)
    except InputError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {error.filename or 'outputs'}: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


def build_parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
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


def parse_positive(text: str) -> int:
    return _parse_number(text, 1, 2**31 - 1)


def parse_seed(text: str) -> int:
    return _parse_number(text, 0, 2**32 - 1)


def _parse_number(text: str, least: int, most: int) -> int:
    number = int(text) if text.isdecimal() else -1
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
    return number


def train(options: argparse.Namespace) -> None:
    training, test = load(options.data_folder, "train"), load(options.data_folder, "t10k")

    # Imported here because Keras takes seconds to load: invalid input is reported before that.
    from backends import build_loop
    from model_files import save
    from network import build

    model = build(options)
    settings = _settings(options, training, test)
    loop = build_loop(model)
    checkpoint = _load_checkpoint(settings) or Checkpoint.of(model, settings)
    checkpoint.restore(model)
    print(_headline(training, test, checkpoint), flush=True)
    with open_recorder() as recorder:
        recorder.log_parameters({**settings, "epochs": options.epochs})
        for epoch in range(checkpoint.epoch + 1, options.epochs + 1):
            started = time.monotonic()
            loop.train(*batches(training, options.batch_size, (options.seed, epoch)))
            loss, accuracy = loop.evaluate(test.images, test.labels)
            # Record before writing the checkpoint: after a kill in between, the epoch repeats and replaces them.
            recorder.log_metrics({"Loss": loss, "Accuracy": accuracy}, epoch)
            checkpoint = checkpoint.after(model, loss, accuracy)
            checkpoint.write(OUTPUTS / "checkpoints")
            print(_line(epoch, options.epochs, loss, accuracy, time.monotonic() - started), flush=True)
        save(model, OUTPUTS / "model")
        loss, accuracy = checkpoint.history[-1]
        recorder.log_metrics({"Final test loss": loss, "Final test accuracy": accuracy}, checkpoint.epoch)
        recorder.log_history(checkpoint.history)
    print(f"final test loss {loss:.4f}, final test accuracy {accuracy:.4f}", flush=True)


def batches(digits: Digits, size: int, order: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return an epoch's batches, shuffled: images, labels and weights, each of shape (batches, size, ...).

    The last batch is padded with images of weight zero. Batches of one shape compile once.
    """
    count = len(digits.labels)
    rows = -(-count // size)
    chosen = np.zeros(rows * size, np.int64)
    chosen[:count] = np.random.default_rng(order).permutation(count)
    weights = (np.arange(rows * size) < count).astype(np.float32)
    shape = (rows, size)
    return (
        digits.images[chosen].reshape(*shape, -1),
        digits.labels[chosen].reshape(shape),
        weights.reshape(shape),
    )


def _settings(options: argparse.Namespace, training: Digits, test: Digits) -> dict[str, Any]:
    """Return what the weights depend on, besides the number of epochs. A checkpoint of other settings is refused."""
    import keras

    return {
        "batch_size": options.batch_size,
        "first_layer_neurons": options.first_layer_neurons,
        "second_layer_neurons": options.second_layer_neurons,
        "learning_rate": options.learning_rate,
        "seed": options.seed,
        "backend": keras.backend.backend(),
        "training_data": training.digest,
        "test_data": test.digest,
    }


def _load_checkpoint(settings: dict[str, Any]) -> Checkpoint | None:
    folder = os.environ.get("DRESSAGE_RESUME_FROM")
    return read_checkpoint(Path(folder), settings) if folder else None


def _headline(training: Digits, test: Digits, checkpoint: Checkpoint) -> str:
    import keras

    words = f"{len(training.labels)} training and {len(test.labels)} test images, Keras {keras.__version__}"
    words += f" on {keras.backend.backend()}"
    return words + (f", resuming after epoch {checkpoint.epoch}" if checkpoint.epoch else "")


def _line(epoch: int, epochs: int, loss: float, accuracy: float, seconds: float) -> str:
    of = f"{epoch:>{len(str(epochs))}}/{epochs}"
    return f"epoch {of}  loss {loss:.4f}  accuracy {accuracy:.4f}  {seconds:.1f} s"


if __name__ == "__main__":
    sys.exit(main())
