"""The routes of MLflow's protocol: the request type and the handler of each method and path.

Source: MLflow's REST API reference (https://mlflow.org/docs/latest/rest-api.html) and service.proto.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints
from urllib.parse import unquote

import msgspec

from dressage.supervision.tracking import (
    experiments,
    logged_models,
    metric_history,
    model_versions,
    registered_models,
    requests,
    run_data,
    runs,
    traces,
)
from dressage.supervision.tracking.answers import Answer
from dressage.supervision.tracking.errors import RefusedError, invalid
from dressage.supervision.tracking.state import TrackingState

_PREFIX = re.compile(r"/(?:ajax-)?api/[23]\.0/(?:preview/)?mlflow/(.+?)/?")
_MISSING = re.compile(r"Object missing required field `(\w+)`(?: - at `\$\.?(.*)`)?")

_STEP = re.compile(r"(\w+)|\[(\d+)\]")


class Route(NamedTuple):
    """path: may contain {ARGUMENTS}. is_quick: whether the handler runs under the state's lock."""

    method: str
    path: str
    kind: type[Any]
    answer: Callable[[TrackingState, Any], Answer]
    is_quick: bool = True


ROUTES = (
    Route("POST", "runs/create", requests.CreateRun, runs.create),
    Route("GET", "runs/get", requests.RunById, runs.get),
    Route("POST", "runs/update", requests.UpdateRun, runs.update),
    Route("POST", "runs/delete", requests.RunById, runs.delete),
    Route("POST", "runs/restore", requests.RunById, runs.restore),
    Route("POST", "runs/search", requests.SearchRuns, runs.search),
    Route("POST", "runs/log-metric", requests.LogMetric, run_data.log_metric),
    Route("POST", "runs/log-batch", requests.LogBatch, run_data.log_batch),
    Route("POST", "runs/log-parameter", requests.LogPair, run_data.log_parameter),
    Route("POST", "runs/set-tag", requests.LogPair, run_data.set_tag),
    Route("POST", "runs/delete-tag", requests.RunKey, run_data.delete_tag),
    Route("POST", "runs/log-inputs", requests.LogInputs, run_data.log_inputs),
    Route("POST", "runs/outputs", requests.LogOutputs, run_data.log_outputs),
    Route("POST", "runs/log-model", requests.LogModel, run_data.log_model),
    Route("GET", "artifacts/list", requests.ListArtifacts, runs.list_artifacts),
    Route("GET", "metrics/get-history", requests.MetricHistory, metric_history.get),
    Route("GET", "metrics/get-history-bulk", requests.MetricHistories, metric_history.get_bulk),
    Route("GET", "metrics/get-history-bulk-interval", requests.MetricInterval, metric_history.get_interval),
    Route("GET", "experiments/get", requests.ExperimentById, experiments.get),
    Route("GET", "experiments/get-by-name", requests.ExperimentByName, experiments.get_by_name),
    Route("POST", "experiments/create", requests.CreateExperiment, experiments.create),
    Route("POST", "experiments/update", requests.UpdateExperiment, experiments.update),
    Route("POST", "experiments/delete", requests.ExperimentById, experiments.delete),
    Route("POST", "experiments/restore", requests.ExperimentById, experiments.restore),
    Route("POST", "experiments/search", requests.SearchExperiments, experiments.search),
    Route("GET", "experiments/search", requests.SearchExperiments, experiments.search),
    Route("POST", "experiments/set-experiment-tag", requests.ExperimentTag, experiments.set_tag),
    Route("POST", "experiments/delete-experiment-tag", requests.ExperimentTag, experiments.delete_tag),
    Route("POST", "experiments/search-datasets", requests.SearchDatasets, experiments.datasets),
    Route("POST", "logged-models", requests.CreateLoggedModel, logged_models.create),
    Route("POST", "logged-models/search", requests.SearchLoggedModels, logged_models.search),
    Route("GET", "logged-models/{model_id}", requests.GetLoggedModel, logged_models.get),
    Route("PATCH", "logged-models/{model_id}", requests.FinalizeLoggedModel, logged_models.finalize),
    Route("DELETE", "logged-models/{model_id}", requests.LoggedModelById, logged_models.delete),
    Route("POST", "logged-models/{model_id}/params", requests.LoggedModelPairs, logged_models.log_params),
    Route("PATCH", "logged-models/{model_id}/tags", requests.LoggedModelPairs, logged_models.set_tags),
    Route(
        "DELETE", "logged-models/{model_id}/tags/{tag_key}", requests.LoggedModelTag, logged_models.delete_tag
    ),
    Route(
        "GET",
        "logged-models/{model_id}/artifacts/directories",
        requests.LoggedModelFiles,
        logged_models.list_files,
    ),
    Route(
        "POST", "registered-models/create", requests.CreateRegisteredModel, registered_models.create, False
    ),
    Route("GET", "registered-models/get", requests.RegisteredModelByName, registered_models.get, False),
    Route(
        "PATCH", "registered-models/update", requests.UpdateRegisteredModel, registered_models.update, False
    ),
    Route(
        "POST", "registered-models/rename", requests.RenameRegisteredModel, registered_models.rename, False
    ),
    Route(
        "DELETE", "registered-models/delete", requests.RegisteredModelByName, registered_models.delete, False
    ),
    Route("GET", "registered-models/search", requests.Search, registered_models.search, False),
    *(
        Route(
            method,
            "registered-models/get-latest-versions",
            requests.LatestVersions,
            registered_models.latest_versions,
            False,
        )
        for method in ("GET", "POST")
    ),
    Route("POST", "registered-models/set-tag", requests.RegisteredModelTag, registered_models.set_tag, False),
    Route(
        "DELETE",
        "registered-models/delete-tag",
        requests.RegisteredModelTag,
        registered_models.delete_tag,
        False,
    ),
    Route("POST", "registered-models/alias", requests.Alias, registered_models.set_alias, False),
    Route("DELETE", "registered-models/alias", requests.Alias, registered_models.delete_alias, False),
    Route("GET", "registered-models/alias", requests.Alias, registered_models.get_by_alias, False),
    Route("POST", "model-versions/create", requests.CreateModelVersion, model_versions.create, False),
    Route("GET", "model-versions/get", requests.ModelVersionByNumber, model_versions.get, False),
    Route("PATCH", "model-versions/update", requests.UpdateModelVersion, model_versions.update, False),
    Route(
        "POST",
        "model-versions/transition-stage",
        requests.TransitionStage,
        model_versions.transition_stage,
        False,
    ),
    Route("DELETE", "model-versions/delete", requests.ModelVersionByNumber, model_versions.delete, False),
    Route("GET", "model-versions/search", requests.Search, model_versions.search, False),
    Route(
        "GET",
        "model-versions/get-download-uri",
        requests.ModelVersionByNumber,
        model_versions.download_address,
        False,
    ),
    Route("POST", "model-versions/set-tag", requests.ModelVersionTag, model_versions.set_tag, False),
    Route("DELETE", "model-versions/delete-tag", requests.ModelVersionTag, model_versions.delete_tag, False),
    Route("POST", "traces", requests.StartTrace, traces.start),
    Route("PATCH", "traces/{trace_id}", requests.EndTrace, traces.end),
    Route("GET", "traces/{trace_id}", requests.TraceById, traces.get),
    Route("GET", "traces/{trace_id}/info", requests.TraceById, traces.get_version_2),
    Route("PATCH", "traces/{trace_id}/tags", requests.TraceTag, traces.set_tag),
    Route("DELETE", "traces/{trace_id}/tags", requests.TraceTag, traces.delete_tag),
    Route("POST", "traces/search", requests.SearchTraces, traces.search),
    Route("GET", "traces", requests.SearchTraces, traces.search_version_2),
    Route("POST", "traces/delete-traces", requests.DeleteTraces, traces.delete),
    Route("POST", "traces/link-to-run", requests.LinkTraces, traces.link_to_run),
    Route("POST", "traces/{trace_id}/assessments", requests.Assessment, traces.create_assessment),
    Route("GET", "traces/{trace_id}/assessments/{assessment_id}", requests.Assessment, traces.get_assessment),
    Route(
        "PATCH",
        "traces/{trace_id}/assessments/{assessment_id}",
        requests.Assessment,
        traces.update_assessment,
    ),
    Route(
        "DELETE",
        "traces/{trace_id}/assessments/{assessment_id}",
        requests.Assessment,
        traces.delete_assessment,
    ),
)
_PLAIN = {(route.method, route.path): route for route in ROUTES if "{" not in route.path}
_TEMPLATES = [
    (re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", route.path)), route)
    for route in ROUTES
    if "{" in route.path
]
_DECODERS = {route.kind: msgspec.json.Decoder(route.kind, strict=False) for route in ROUTES}


class Matched(NamedTuple):
    """A route, and the arguments in its path."""

    route: Route
    arguments: Mapping[str, str]


def match(method: str, path: str) -> Matched | None:
    """Return the route of a request; None if it is not supported."""
    found = _PREFIX.fullmatch(path)
    if found is None:
        return None
    if route := _PLAIN.get((method, found[1])):
        return Matched(route, {})
    for template, route in _TEMPLATES:
        if route.method == method and (named := template.fullmatch(found[1])):
            return Matched(route, {name: unquote(value) for name, value in named.groupdict().items()})
    return None


def without_prefix(path: str) -> str:
    """Return the path as in `Route.path`."""
    found = _PREFIX.fullmatch(path)
    return found[1] if found else path


def read_body(matched: Matched, body: bytes) -> Any:
    """Decode the request in a body. Raises RefusedError if the body does not match the route's request type."""
    kind = matched.route.kind
    try:
        try:
            request = _DECODERS[kind].decode(body or b"{}")
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:  # some clients write NaN, which is not valid JSON
            given = json.loads(body)
            json.dumps(given, ensure_ascii=False).encode()  # fails if it is not valid Unicode
            request = msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        if str(error).startswith("Expected `object`") and " - at " not in str(error):
            raise RefusedError(400, "BAD_REQUEST", "the request's body is not a JSON object") from error
        raise invalid(_explain(error, _plain(body))) from error
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "BAD_REQUEST", f"the request's body is not JSON: {error}") from error
    return _set_arguments(request, matched.arguments)


def read_query(matched: Matched, query: Mapping[str, Sequence[str]]) -> Any:
    """Decode the request in a query. Raises RefusedError if the query does not match the route's request type."""
    lists = _lists(matched.route.kind)
    values = {name: list(given) if name in lists else given[-1] for name, given in query.items()}
    try:
        request = msgspec.convert(values, matched.route.kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(_explain(error, values)) from error
    return _set_arguments(request, matched.arguments)


def find_unknown_fields(matched: Matched, body: bytes) -> list[str]:
    """Return the names in a body that the request type does not have: newer clients may send new fields."""
    try:
        given = msgspec.json.decode(body or b"{}", type=dict[str, msgspec.Raw])
    except (ValueError, RecursionError):
        return []
    return sorted(given.keys() - set(matched.route.kind.__struct_fields__) - matched.arguments.keys())


def _set_arguments(request: Any, arguments: Mapping[str, str]) -> Any:
    for name, value in arguments.items():
        setattr(request, name, value)
    return request


def _lists(kind: type[Any]) -> set[str]:
    hints = get_type_hints(kind)
    return {
        name for name, hint in hints.items() if list in (get_origin(hint), *map(get_origin, get_args(hint)))
    }


def _plain(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _explain(error: msgspec.ValidationError, given: Any) -> str:
    """Return what is wrong with a request, in the same words as MLflow's server. given: the request."""
    if found := _MISSING.fullmatch(str(error)):
        place = f"{found[2]}." if found[2] else ""
        return f"Missing value for required parameter '{place}{found[1]}'."
    what, _, place = str(error).partition(" - at `$")
    place = place.strip(".`")
    for name, index in _STEP.findall(place):
        try:
            given = given[name] if name else given[int(index)]
        except (LookupError, TypeError):  # the decoder's notation for some places is different
            break
    if given in (None, "") and place:
        return f"Missing value for required parameter '{place}'."
    value = json.dumps(given, default=str)[:100]
    return f"Invalid value {value} for parameter '{place or 'body'}' supplied: {what}."
