"""Plain MLflow: a parameter keeps its first value, whatever is logged for it later."""

import mlflow

with mlflow.start_run(run_name="changed"):
    mlflow.log_param("rate", 0.1)
    mlflow.log_param("rate", 0.1)
    try:
        mlflow.log_param("rate", 0.2)
    except mlflow.MlflowException as error:
        mlflow.set_tag("refused", error.error_code)
