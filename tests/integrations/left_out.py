"""All that the comparison leaves out of either side, with reasons."""

import re

EXPERIMENTS = ("Default", "script")
"""MLflow's default experiment, and dressage's experiment for scripts that name none."""

EXPERIMENTS_TAG = "dressage.experiments"
"""Contains the experiments that a script named; compared as experiments."""

PARENT_TAG = "mlflow.parentRunId"
"""Contains a run id; compared as the tree of runs."""

NAME_TAG = "mlflow.runName"
"""Compared if the script named the run; otherwise each store generates a name."""

GENERATED_NAME = re.compile(r"[a-z]+-[a-z]+-\d{1,4}|run-[0-9a-f]{8}|script-\d{8}-\d{6}-[0-9a-f]{4}")
"""A generated name: MLflow's "placid-deer-543", dressage's "run-1f0a2b3c" or run id."""

TAGS_OF_THE_MACHINE = re.compile(r"mlflow\.user|mlflow\.source\..*")
"""The user and the path of the script; dressage runs a copy in another folder."""

TAGS_WITH_IDS = ("mlflow.log-model.history",)
"""Model and run ids with times; models and outputs are compared instead."""

VERSIONS_TAG = "mlflow.modelVersions"
"""Written by both client and server; MLflow's own server writes a version as 1 and as "1" too.
The versions of a logged model are compared instead."""

TAGS_WITH_TIMES = ("datetime_start", "datetime_complete")
"""When Optuna ran a trial."""

CODE_SOURCE = "code"
"""Source type of a dataset that is only described by its code: its source contains the tags of the machine."""

WALL_CLOCK = re.compile(r".*_runtime|.*_per_second|(mean|std)_(fit|score)_time")
"""Metrics that measure time: Trainer's speeds, a grid search's fit and score times. Their values are not compared."""

REPEATED = ("epoch",)
"""Trainer logs it several times at a step, and a SQL store keeps one value per millisecond."""

LARGEST = 1.7976931348623157e308
"""MLflow's SQL stores save it instead of infinity. All values that are not finite are compared as equal."""

FILES_OF_LOADING = ("registered_model_meta",)
"""The client writes it next to a model that it loads from a local store; no script logged it."""

LISTED_BY_DRESSAGE = re.compile(r"user_logs/std_log\.txt")
"""The script's output: dressage lists it among the run's files, MLflow does not store it."""
