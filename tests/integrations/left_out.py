"""What the comparison leaves out of either side, and why: each is named here and nowhere else."""

import re

EXPERIMENTS = ("Default", "script")
"""The one that every store of MLflow has, and the one that a run belongs to whose script names none."""

EXPERIMENTS_TAG = "dressage.experiments"
"""How dressage says which experiments a script named; compared as experiments."""

PARENT_TAG = "mlflow.parentRunId"
"""Holds a run id; compared as the tree of runs."""

NAME_TAG = "mlflow.runName"
"""Compared where the script named the run; either store invents a name where it did not."""

GENERATED_NAME = re.compile(r"[a-z]+-[a-z]+-\d{1,4}|run-[0-9a-f]{8}|script-\d{8}-\d{6}-[0-9a-f]{4}")
"""A name that a store invented: MLflow's "placid-deer-543", dressage's "run-1f0a2b3c", or its run's id."""

TAGS_OF_THE_MACHINE = re.compile(r"mlflow\.user|mlflow\.source\..*")
"""Who ran the script and where its file lies; dressage runs a copy of it in another folder."""

TAGS_WITH_IDS = ("mlflow.log-model.history",)
"""Model and run ids with times; the models and the outputs themselves are compared."""

VERSIONS_TAG = "mlflow.modelVersions"
"""Written by client and server both, and with MLflow's own server too a version is in it as 1 and as "1".
The versions made of a logged model are compared."""

TAGS_WITH_TIMES = ("datetime_start", "datetime_complete")
"""When Optuna ran a trial."""

CODE_SOURCE = "code"
"""A dataset that says only which code made it has for its source the tags of the machine."""

WALL_CLOCK = re.compile(r".*_runtime|.*_per_second|(mean|std)_(fit|score)_time")
"""Metrics that measure time: Trainer's speeds, the fit and score times of a grid search. Keys and steps count."""

REPEATED = ("epoch",)
"""Trainer logs it several times at one step, and a SQL store keeps one of those in the same millisecond."""

LARGEST = 1.7976931348623157e308
"""What MLflow's SQL stores hold in place of infinity; what is no finite number is compared as such."""

FILES_OF_LOADING = ("registered_model_meta",)
"""The client leaves it beside a model that it loads from a local store; no script logged it."""

LISTED_BY_DRESSAGE = re.compile(r"user_logs/std_log\.txt")
"""The script's own output, which dressage lists among the run's files; MLflow keeps none."""
