"""Plain MLflow: logged models as checkpoints, with metrics on datasets, searched for the best one."""

import mlflow
import numpy as np
from sklearn.linear_model import SGDRegressor

x = np.arange(20.0).reshape(-1, 1) / 20
testing = mlflow.data.from_numpy(x, source="test.npy", name="testing")
model = SGDRegressor(random_state=0)
with mlflow.start_run(run_name="checkpoints") as run:
    for step in (1, 2, 3):
        model.partial_fit(x, 2 * x.ravel())
        logged = mlflow.sklearn.log_model(
            model,
            name=f"checkpoint-{step}",
            step=step,
            params={"passes": step},
            tags={"stage": "late" if step > 1 else "early"},
            pip_requirements=[],
        )
        error = float(((model.predict(x) - 2 * x.ravel()) ** 2).mean())
        mlflow.log_metric("error", error, step=step, model_id=logged.model_id, dataset=testing)
        mlflow.log_metrics({"slope": model.coef_.item()}, step=step, model_id=logged.model_id)
    mlflow.set_logged_model_tags(logged.model_id, {"chosen": "yes"})
    external = mlflow.create_external_model(name="elsewhere", model_type="agent", params={"kind": "remote"})
    order = [{"field_name": "metrics.error", "ascending": True}]
    ranked = mlflow.search_logged_models(
        filter_string="tags.stage = 'late'", order_by=order, output_format="list"
    )
    mlflow.set_tag("ranked", [found.name for found in ranked])
    best = mlflow.search_logged_models(order_by=order, max_results=1, output_format="list")
    mlflow.set_tag("best", [found.name for found in best])
    near = mlflow.search_logged_models(filter_string="metrics.error < 0.9", output_format="list")
    mlflow.set_tag("near", sorted(found.name for found in near))
    mlflow.set_tag("external", mlflow.get_logged_model(external.model_id).status)
    mlflow.log_metric(
        "loaded", mlflow.sklearn.load_model(f"models:/{logged.model_id}").predict([[1.0]]).item()
    )
