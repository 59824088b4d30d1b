"""Train a 784-300-100-10 network on handwritten digits, with PyTorch.

    python -m pytorch_mnist --data-folder DIR

Start it in the folder of this package and of `shared`, or with that folder on PYTHONPATH. DIR contains the four files
of MNIST, or your own digits in the same format. The network is saved to outputs/model, checkpoints to
outputs/checkpoints. Metrics are printed, and recorded with MLflow if MLFLOW_TRACKING_URI is set.
"""

import argparse
import sys

from shared.training import Network, main


def build(options: argparse.Namespace) -> Network:
    # Imported here because PyTorch takes seconds to load: invalid input is reported before that.
    from pytorch_mnist.training import TorchNetwork

    return TorchNetwork(options)


if __name__ == "__main__":
    sys.exit(main("pytorch_mnist", build))
