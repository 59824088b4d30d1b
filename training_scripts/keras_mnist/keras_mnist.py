"""Train a 784-300-100-10 network on handwritten digits, with Keras on TensorFlow or JAX.

    python keras_mnist.py --data-folder DIR

DIR holds the four files of MNIST, or of one's own digits in the same format. The network is left in outputs/model,
checkpoints in outputs/checkpoints. Where MLFLOW_TRACKING_URI is set, metrics are recorded there; else only printed.
KERAS_BACKEND names what Keras runs on.

The same seed on the same machine gives the same bytes, also when training was killed and continued: the order of
the images is a function of seed and epoch, and a checkpoint holds all that the next epoch begins with.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from checkpoints import Checkpoint, newest
from digits import Digits, load
from problems import InputError
from recording import recorder

OUTPUTS = Path("outputs")


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        train(options)
    except InputError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {error.filename or 'outputs'}: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        description="Train a small dense network on handwritten digits.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
    )
    options.add_argument("--data-folder", type=Path, required=True, help="folder of the four IDX files")
    options.add_argument("--batch-size", type=positive, default=50, help="images per step")
    options.add_argument("--first-layer-neurons", type=positive, default=300, help="width of the first layer")
    options.add_argument(
        "--second-layer-neurons", type=positive, default=100, help="width of the second layer"
    )
    options.add_argument("--learning-rate", type=float, default=0.001, help="of RMSprop")
    options.add_argument("--epochs", type=positive, default=20, help="passes over the training images")
    options.add_argument(
        "--seed", type=seed, default=1, help="of the first weights and the order of the images"
    )
    return options


def positive(text: str) -> int:
    return _whole(text, 1, 2**31 - 1)


def seed(text: str) -> int:
    return _whole(text, 0, 2**32 - 1)


def _whole(text: str, least: int, most: int) -> int:
    number = int(text) if text.isdecimal() else -1
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
    return number


def train(options: argparse.Namespace) -> None:
    training, test = load(options.data_folder, "train"), load(options.data_folder, "t10k")
    from backends import loop  # here, so that a wrong argument or folder is told before Keras has loaded
    from model_files import save
    from network import build

    model = build(options)
    settings = _settings(options, training, test)
    epochs = loop(model)
    checkpoint = _resumed(settings) or Checkpoint.of(model, settings)
    checkpoint.restore(model)
    print(_headline(training, test, checkpoint), flush=True)
    with recorder() as record:
        record.parameters({**settings, "epochs": options.epochs})
        for epoch in range(checkpoint.epoch + 1, options.epochs + 1):
            begun = time.monotonic()
            epochs.train(*batches(training, options.batch_size, (options.seed, epoch)))
            loss, accuracy = epochs.evaluate(test.images, test.labels)
            # Recorded before the checkpoint: a kill between the two repeats the epoch, which replaces its values.
            record.metrics({"Loss": loss, "Accuracy": accuracy}, epoch)
            checkpoint = checkpoint.after(model, loss, accuracy)
            checkpoint.write(OUTPUTS / "checkpoints")
            print(_line(epoch, options.epochs, loss, accuracy, time.monotonic() - begun), flush=True)
        save(model, OUTPUTS / "model")
        loss, accuracy = checkpoint.history[-1]
        record.metrics({"Final test loss": loss, "Final test accuracy": accuracy}, checkpoint.epoch)
        record.history(checkpoint.history)
    print(f"final test loss {loss:.4f}, final test accuracy {accuracy:.4f}", flush=True)


def batches(digits: Digits, size: int, order: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All of an epoch's batches, shuffled: images, labels and weights, each (batches, size, ...).

    The last batch is filled up with images of weight zero, so that all have one shape and compile once.
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
    """What the trained weights depend on, besides the number of epochs. A checkpoint of others is not continued."""
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


def _resumed(settings: dict[str, Any]) -> Checkpoint | None:
    folder = os.environ.get("DRESSAGE_RESUME_FROM")
    return newest(Path(folder), settings) if folder else None


def _headline(training: Digits, test: Digits, checkpoint: Checkpoint) -> str:
    import keras

    words = f"{len(training.labels)} training and {len(test.labels)} test images, Keras {keras.__version__}"
    words += f" on {keras.backend.backend()}"
    return words + (f", continuing after epoch {checkpoint.epoch}" if checkpoint.epoch else "")


def _line(epoch: int, epochs: int, loss: float, accuracy: float, seconds: float) -> str:
    of = f"{epoch:>{len(str(epochs))}}/{epochs}"
    return f"epoch {of}  loss {loss:.4f}  accuracy {accuracy:.4f}  {seconds:.1f} s"


if __name__ == "__main__":
    sys.exit(main())
