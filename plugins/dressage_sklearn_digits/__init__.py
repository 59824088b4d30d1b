"""Train a classifier of scikit-learn on handwritten digits. It shows a recipe that needs seconds and no GPU.

Entry point: sklearn-digits = "dressage_sklearn_digits". The training script is in the project's training_scripts/, in
sklearn_digits and shared.
"""

from dressage_sklearn_digits.recipe import compute as compute
from dressage_sklearn_digits.recipe import dataset as dataset
from dressage_sklearn_digits.recipe import environment as environment
from dressage_sklearn_digits.recipe import model as model
from dressage_sklearn_digits.recipe import settings as settings

DRESSAGE_CONTRACT = 1
