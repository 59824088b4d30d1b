"""Plain MLflow: a script that records into a store of its own, wherever it runs."""

import mlflow

mlflow.set_tracking_uri("sqlite:///own.db")
with mlflow.start_run(run_name="own"):
    mlflow.log_param("store", "own.db")
    for step in range(3):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.set_tag("kept", "here")
    mlflow.log_text("hello", "hello.txt")
    mlflow.log_metric("runs", len(mlflow.search_runs()))
