"""Plain MLflow: versions of a registered model, aliases, and models loaded back by all three addresses."""

import mlflow
import numpy as np
from mlflow import MlflowClient
from sklearn.linear_model import LinearRegression

x = np.arange(10.0).reshape(-1, 1)
client = MlflowClient()
with mlflow.start_run(run_name="registry"):
    first = mlflow.sklearn.log_model(LinearRegression().fit(x, 2 * x), name="line", pip_requirements=[])
    mlflow.register_model(first.model_uri, "line", tags={"slope": "2"})
    mlflow.sklearn.log_model(
        LinearRegression().fit(x, 3 * x), name="steep", registered_model_name="line", pip_requirements=[]
    )
    client.update_registered_model("line", description="y = a x")
    client.set_registered_model_tag("line", "team", "lab")
    client.update_model_version("line", "2", description="steeper")
    client.set_model_version_tag("line", "2", "slope", "3")
    client.set_registered_model_alias("line", "champion", "1")
    client.set_registered_model_alias("line", "challenger", "2")
    for label, end in (("one", "/1"), ("latest", "/latest"), ("champion", "@champion")):
        address = f"models:/line{end}"
        mlflow.log_metric(f"sklearn {label}", mlflow.sklearn.load_model(address).predict([[1.0]]).item())
        mlflow.log_metric(f"pyfunc {label}", mlflow.pyfunc.load_model(address).predict([[1.0]]).item())
    registered = client.get_registered_model("line")
    mlflow.set_tag("description", registered.description)
    mlflow.set_tag("tags", registered.tags)
    mlflow.set_tag("aliases", {alias: int(registered.aliases[alias]) for alias in sorted(registered.aliases)})
    mlflow.set_tag("challenger", client.get_model_version_by_alias("line", "challenger").description)
    found = client.search_model_versions("name='line'")
    mlflow.set_tag("versions", [int(version.version) for version in found])
    mlflow.set_tag("models", [model.name for model in client.search_registered_models()])
