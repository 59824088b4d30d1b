"""Train the network of 'Train Keras models at scale with Azure Machine Learning' on handwritten digits.

Entry point: keras-mnist = "dressage_keras_mnist". The environments are the files in conda/, the training scripts
the folders of the project's training_scripts/.
"""

from dressage_keras_mnist.recipe import compute as compute
from dressage_keras_mnist.recipe import dataset as dataset
from dressage_keras_mnist.recipe import environment as environment
from dressage_keras_mnist.recipe import model as model
from dressage_keras_mnist.recipe import settings as settings

DRESSAGE_CONTRACT = 1
