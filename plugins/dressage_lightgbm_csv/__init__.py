"""Train gradient-boosted trees with LightGBM on any CSV file.

Entry point: lightgbm-csv = "dressage_lightgbm_csv". The training script is in the project's training_scripts/, in
lightgbm_csv and shared.
"""

from dressage_lightgbm_csv.recipe import compute as compute
from dressage_lightgbm_csv.recipe import dataset as dataset
from dressage_lightgbm_csv.recipe import environment as environment
from dressage_lightgbm_csv.recipe import model as model
from dressage_lightgbm_csv.recipe import settings as settings

DRESSAGE_CONTRACT = 1
