"""Plain MLflow: a script that names the experiment itself."""

import mlflow

experiment = mlflow.set_experiment("x")
with mlflow.start_run(run_name="in x") as run:
    mlflow.log_param("lifecycle", experiment.lifecycle_stage)
    mlflow.log_metric("loss", 0.5)
    mlflow.set_tag("experiment", mlflow.get_experiment(run.info.experiment_id).name)
    mlflow.set_tag("same", run.info.experiment_id == experiment.experiment_id)
    mlflow.set_experiment_tag("team", "lab")
    mlflow.set_tag("team", mlflow.get_experiment_by_name("x").tags["team"])
    mlflow.log_metric("found", len(mlflow.search_runs(experiment_names=["x"])))
