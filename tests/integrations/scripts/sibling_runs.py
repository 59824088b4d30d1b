"""Plain MLflow: three runs in a row, none below another."""

import mlflow

for number, rate in enumerate((0.1, 0.01, 0.001)):
    with mlflow.start_run(run_name=f"rate-{rate}"):
        mlflow.log_param("rate", rate)
        mlflow.set_tag("number", number)
        for step in range(5):
            mlflow.log_metric("loss", 1 - rate * step, step=step)
        mlflow.log_dict({"rate": rate}, "settings/rate.json")
