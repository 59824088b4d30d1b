"""Print the content of an MLflow store as JSON: `python dump.py sqlite:///mlflow.db`. Needs MLflow."""

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import mlflow
from mlflow import MlflowClient
from mlflow.entities import LoggedModel, Run, ViewType
from mlflow.entities.model_registry import ModelVersion


def main() -> None:
    mlflow.set_tracking_uri(sys.argv[1])
    client = MlflowClient()
    named = client.search_experiments(ViewType.ALL)
    experiments = [experiment.experiment_id for experiment in named]
    runs = client.search_runs(experiments, run_view_type=ViewType.ALL, order_by=["attributes.start_time"])
    models = client.search_logged_models(experiments)
    versions = versions_of(client)
    content = {
        "experiments": [experiment.name for experiment in named],
        "runs": [run_of(client, run) for run in runs],
        "models": [model_of(model, versions) for model in models],
        "registry": registry_of(client, versions),
        "traces": traces_of(experiments),
    }
    sys.stdout.write(json.dumps(content) + "\n")


def run_of(client: MlflowClient, run: Run) -> dict[str, Any]:
    return {
        "run_id": run.info.run_id,
        "name": run.info.run_name,
        "status": run.info.status,
        "deleted": run.info.lifecycle_stage == "deleted",
        "parent_id": run.data.tags.get("mlflow.parentRunId"),
        "params": run.data.params,
        "tags": run.data.tags,
        "history": {key: history_of(client, run.info.run_id, key) for key in run.data.metrics},
        "inputs": inputs_of(run),
        "outputs": [
            vars_of(output, "model_id", "step")
            for output in (run.outputs.model_outputs if run.outputs else [])
        ],
        "files": files_below(run.info.artifact_uri),
    }


def history_of(client: MlflowClient, run_id: str, key: str) -> list[Any]:
    return [[point.step, point.value] for point in client.get_metric_history(run_id, key)]


def inputs_of(run: Run) -> list[dict[str, Any]]:
    fields = ("name", "digest", "source_type", "source", "schema", "profile")
    return [
        vars_of(item.dataset, *fields) | {"tags": {tag.key: tag.value for tag in item.tags}}
        for item in (run.inputs.dataset_inputs if run.inputs else [])
    ]


def model_of(model: LoggedModel, versions: list[ModelVersion]) -> dict[str, Any]:
    fields = ("model_id", "name", "model_type", "source_run_id", "params", "tags")
    points = ("key", "value", "step", "dataset_name", "dataset_digest", "run_id")
    registered = [version for version in versions if version.source == model.model_uri]
    return vars_of(model, *fields) | {
        "status": model.status.value,
        "metrics": [vars_of(metric, *points) for metric in model.metrics or ()],
        "registered": [f"{version.name}:{version.version}" for version in registered],
        "files": files_below(model.artifact_location),
    }


def versions_of(client: MlflowClient) -> list[ModelVersion]:
    """Return the versions of all registered models. Aliases are only in the answers to single requests."""
    found = client.search_model_versions()
    return [client.get_model_version(version.name, version.version) for version in found]


def registry_of(client: MlflowClient, versions: list[ModelVersion]) -> list[dict[str, Any]]:
    return [
        vars_of(model, "name", "description", "tags")
        | {"versions": [version_of(version) for version in versions if version.name == model.name]}
        for model in client.search_registered_models()
    ]


def version_of(version: ModelVersion) -> dict[str, Any]:
    fields = ("run_id", "description", "tags", "aliases")
    return vars_of(version, *fields) | {
        "version": int(version.version),
        "files": files_below(
            mlflow.artifacts.download_artifacts(f"models:/{version.name}/{version.version}")
        ),
    }


def traces_of(experiments: list[str]) -> list[list[str]]:
    """Return the names of each trace's spans."""
    traces = mlflow.search_traces(locations=experiments, return_type="list")
    return [[span.name for span in trace.data.spans] for trace in traces]


def files_below(address: str) -> list[str]:
    folder = Path(unquote(urlsplit(address).path))
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def vars_of(value: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


if __name__ == "__main__":
    main()
