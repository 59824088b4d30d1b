"""Plain MLflow: runs inside runs, one of which fails."""

import mlflow

with mlflow.start_run(run_name="parent", description="two folds"):
    mlflow.log_param("folds", 2)
    for fold in range(2):
        with mlflow.start_run(run_name=f"fold-{fold}", nested=True, tags={"kind": "fold"}):
            mlflow.log_param("fold", fold)
            for step in range(3):
                mlflow.log_metric("loss", 1 / (fold + step + 1), step=step)
            mlflow.log_text(f"fold {fold}", "notes.txt")
            with mlflow.start_run(run_name="evaluation", nested=True):
                mlflow.log_metric("accuracy", 0.5 + fold / 10)
    try:
        with mlflow.start_run(run_name="broken", nested=True):
            mlflow.log_param("fold", 2)
            mlflow.log_metric("loss", float("no data in this fold"))
    except ValueError:
        mlflow.set_tag("broken folds", 1)
    mlflow.log_metric("mean loss", 0.25)
