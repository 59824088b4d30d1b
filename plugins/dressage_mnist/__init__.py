"""What the recipes for MNIST share: the images, the settings, the compute target and the script's arguments.

This is not a plugin. The recipes keras-mnist, pytorch-mnist and jax-mnist import it, and their hooks return what its
functions return. digits/ contains 1,797 images in the format of MNIST.
"""

from dressage_mnist.compute import base_image as base_image
from dressage_mnist.compute import describe_compute as describe_compute
from dressage_mnist.data import describe_dataset as describe_dataset
from dressage_mnist.model import describe_model as describe_model
from dressage_mnist.model import script_arguments as script_arguments
from dressage_mnist.settings import Settings as Settings
