"""Plain MLflow: datasets from pandas and NumPy, as inputs of a run and of a metric."""

import mlflow
import numpy as np
import pandas as pd

table = pd.DataFrame({"x": np.arange(20.0), "n": np.arange(20), "name": [f"row-{i}" for i in range(20)]})
training = mlflow.data.from_pandas(table, source="https://example.org/table.csv", name="table", targets="n")
testing = mlflow.data.from_numpy(
    np.arange(12.0).reshape(4, 3), targets=np.arange(4), source="test.npy", name="test"
)

with mlflow.start_run(run_name="inputs"):
    mlflow.log_input(training, context="training", tags={"split": "first 20"})
    mlflow.log_input(testing, context="testing")
    mlflow.log_input(mlflow.data.from_numpy(np.ones(5)))
    mlflow.log_metric("rows", 20, dataset=training)
    run = mlflow.get_run(mlflow.active_run().info.run_id)
    mlflow.set_tag("read back", sorted(item.dataset.digest for item in run.inputs.dataset_inputs))
