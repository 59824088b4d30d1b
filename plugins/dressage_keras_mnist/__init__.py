"""Train the network of 'Train Keras models at scale with Azure Machine Learning' on handwritten digits.

Entry point: keras-mnist = "dressage_keras_mnist". conda/ contains the environments' specifications. The training
scripts are in the project's training_scripts/, in keras_mnist, shared and keras_mnist_article.
"""

from dressage_keras_mnist.recipe import compute as compute
from dressage_keras_mnist.recipe import dataset as dataset
from dressage_keras_mnist.recipe import environment as environment
from dressage_keras_mnist.recipe import model as model
from dressage_keras_mnist.recipe import settings as settings

DRESSAGE_CONTRACT = 1
