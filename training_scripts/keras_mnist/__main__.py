"""Train a 784-300-100-10 network on handwritten digits, with Keras on TensorFlow or JAX.

    python -m keras_mnist --data-folder DIR

Start it in the folder of this package and of `shared`, or with that folder on PYTHONPATH. DIR contains the four files
of MNIST, or your own digits in the same format. The network is saved to outputs/model, checkpoints to
outputs/checkpoints. Metrics are printed, and recorded with MLflow if MLFLOW_TRACKING_URI is set. KERAS_BACKEND
selects the backend.
"""

import argparse
import sys

from shared.training import Network, main


def build(options: argparse.Namespace) -> Network:
    # Imported here because Keras takes seconds to load: invalid input is reported before that.
    from keras_mnist.training import KerasNetwork

    return KerasNetwork(options)


if __name__ == "__main__":
    sys.exit(main("keras_mnist", build))
