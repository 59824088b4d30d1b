"""Train a dense network on handwritten digits with PyTorch.

Entry point: pytorch-mnist = "dressage_pytorch_mnist". The training script is in the project's training_scripts/, in
pytorch_mnist and shared.
"""

from dressage_pytorch_mnist.recipe import compute as compute
from dressage_pytorch_mnist.recipe import dataset as dataset
from dressage_pytorch_mnist.recipe import environment as environment
from dressage_pytorch_mnist.recipe import model as model
from dressage_pytorch_mnist.recipe import settings as settings

DRESSAGE_CONTRACT = 1
