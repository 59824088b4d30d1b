"""Plain MLflow: values that are not numbers, long histories, long parameters, changed and deleted tags."""

import math

import mlflow
from mlflow.entities import Metric, Param, RunTag

client = mlflow.MlflowClient()
with mlflow.start_run(run_name="awkward") as run:
    for step in range(100):
        mlflow.log_metric("curve", math.sin(step / 10), step=step)
    for step, value in enumerate((math.nan, math.inf, -math.inf, 1.0)):
        mlflow.log_metric("wild", value, step=step)
    mlflow.log_metrics({"nan": math.nan, "tiny": 5e-324, "huge": 1e300, "third": 1 / 3, "whole": 7}, step=3)
    mlflow.log_metric("negative", -0.5, step=-3)
    mlflow.log_metric("back", 1.0, step=5)
    mlflow.log_metric("back", 2.0, step=2)
    mlflow.log_params({"long": "x" * 500, "empty": "", "none": None, "list": [1, 2], "unicode": "größe ✓"})
    mlflow.log_param("a/b.c-d e_f", True)
    mlflow.set_tags({"changed": "before", "gone": "soon", "lines": "one\ntwo", "long": "y" * 2000})
    mlflow.set_tag("changed", "after")
    mlflow.delete_tag("gone")
    client.log_batch(
        run.info.run_id,
        metrics=[Metric(f"batch {number}", number, 1_700_000_000_000, number) for number in range(50)],
        params=[Param(f"batch {number}", str(number)) for number in range(50)],
        tags=[RunTag(f"batch {number}", str(number)) for number in range(50)],
    )
    mlflow.log_metrics({"late": 1.5}, step=9, synchronous=False).wait()
    found = client.get_run(run.info.run_id).data.metrics
    mlflow.set_tag("latest", {name: found[name] for name in ("curve", "back", "third", "late", "negative")})
    mlflow.set_tag("nan read back", math.isnan(found["nan"]))
    mlflow.set_tag("history", [point.step for point in client.get_metric_history(run.info.run_id, "curve")])
