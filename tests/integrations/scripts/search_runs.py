"""Plain MLflow: runs found again by filter, order and number."""

import mlflow


def names(**wanted) -> list[str]:
    return [run.info.run_name for run in mlflow.search_runs(output_format="list", **wanted)]


for number in range(5):
    with mlflow.start_run(run_name=f"run {number}", tags={"parity": "odd" if number % 2 else "even"}):
        mlflow.log_param("optimizer", "adam" if number < 3 else "sgd")
        mlflow.log_metric("loss", (number - 2) ** 2)

with mlflow.start_run(run_name="summary"):
    mlflow.set_tag("by metric", names(filter_string="metrics.loss < 2", order_by=["attributes.start_time"]))
    mlflow.set_tag(
        "by both",
        names(filter_string="params.optimizer = 'adam' and tags.parity = 'even' and metrics.loss >= 0"),
    )
    mlflow.set_tag("by name", names(filter_string="attributes.run_name LIKE 'run %'", max_results=2))
    mlflow.set_tag("by status", names(filter_string="attributes.status = 'RUNNING'"))
    mlflow.set_tag("ordered", names(order_by=["metrics.loss DESC", "attributes.start_time ASC"]))
    mlflow.set_tag("first two", names(order_by=["attributes.start_time DESC"], max_results=2))
    table = mlflow.search_runs(filter_string="params.optimizer = 'sgd'", order_by=["metrics.loss ASC"])
    mlflow.set_tag("table", list(table["metrics.loss"]))
