"""Train a dense network on handwritten digits with JAX alone. It shows how fast training on a machine can be.

Entry point: jax-mnist = "dressage_jax_mnist". conda/ contains the environments' specifications. The training script
is in the project's training_scripts/, in jax_mnist and shared.
"""

from dressage_jax_mnist.recipe import compute as compute
from dressage_jax_mnist.recipe import dataset as dataset
from dressage_jax_mnist.recipe import environment as environment
from dressage_jax_mnist.recipe import model as model
from dressage_jax_mnist.recipe import settings as settings

DRESSAGE_CONTRACT = 1
