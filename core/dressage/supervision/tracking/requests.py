"""The requests of MLflow's protocol, as typed structs that bodies and queries are checked against.

Source: the messages of service.proto and model_registry.proto in github.com/mlflow/mlflow. Numbers may arrive as
text: the JSON of protocol buffers writes 64-bit integers, NaN and infinities that way.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct

Int64 = Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
Time = Annotated[int, Meta(ge=-62_135_596_800_000, le=253_402_300_799_999)]
"""Milliseconds since 1970, within the years 1 to 9999."""
Key = Annotated[str, Meta(min_length=1, max_length=250)]
Text = str | None


class Metric(Struct, omit_defaults=True):
    """timestamp: milliseconds since 1970."""

    key: Key
    value: float
    timestamp: Int64 | None = None
    step: Int64 | None = None
    dataset_name: Text = None
    dataset_digest: Text = None
    model_id: Text = None
    run_id: Text = None


class Pair(Struct):
    """A parameter or a tag."""

    key: Key
    value: Text = None


class RunById(Struct):
    """A request about one run. run_uuid: the name of run_id in clients before 1.0."""

    run_id: Text = None
    run_uuid: Text = None


class CreateRun(Struct):
    experiment_id: Text = None
    user_id: Text = None
    run_name: Text = None
    start_time: Time | None = None
    tags: list[Pair] | None = None


class UpdateRun(RunById):
    status: Text = None
    end_time: Time | None = None
    run_name: Text = None


class LogMetric(Metric):
    """A metric of one run. run_uuid: as in RunById."""

    run_uuid: Text = None


class LogPair(RunById, kw_only=True):
    key: Key
    value: Text = None


class RunKey(RunById, kw_only=True):
    key: Key


class LogBatch(RunById):
    metrics: list[Metric] | None = None
    params: list[Pair] | None = None
    tags: list[Pair] | None = None


class Dataset(Struct):
    """schema, profile: JSON text."""

    name: Annotated[str, Meta(min_length=1, max_length=500)]
    digest: Annotated[str, Meta(min_length=1, max_length=36)]
    source_type: Text = None
    source: Text = None
    schema: Text = None
    profile: Text = None


class DatasetInput(Struct):
    dataset: Dataset
    tags: list[Pair] | None = None


class ModelOutput(Struct):
    model_id: str
    step: Int64 | None = None


class LogInputs(RunById):
    datasets: list[DatasetInput] | None = None
    models: list[ModelOutput] | None = None


class LogOutputs(RunById):
    models: list[ModelOutput] | None = None


class LogModel(RunById, kw_only=True):
    model_json: str


class MetricHistory(RunById, kw_only=True):
    metric_key: Key
    max_results: Int64 | None = None
    page_token: Text = None


class MetricHistories(Struct):
    metric_key: str = ""
    run_id: list[str] = []
    max_results: Int64 | None = None


class MetricInterval(Struct):
    metric_key: Key
    run_ids: list[str] = []
    start_step: Int64 | None = None
    end_step: Int64 | None = None
    max_results: Int64 | None = None


class Search(Struct):
    """The fields of every search: filter, order and page."""

    filter: Text = None
    order_by: list[str] | None = None
    max_results: Int64 | None = None
    page_token: Text = None


class SearchRuns(Search):
    experiment_ids: list[str] | None = None
    run_view_type: Text = None


class SearchExperiments(Search):
    view_type: str | int | None = None


class ListArtifacts(RunById):
    path: Text = None
    page_token: Text = None


class ExperimentById(Struct):
    experiment_id: str


class UpdateExperiment(ExperimentById):
    new_name: Text = None


class ExperimentByName(Struct):
    experiment_name: str


class CreateExperiment(Struct):
    name: Annotated[str, Meta(min_length=1, max_length=500)]
    artifact_location: Text = None
    tags: list[Pair] | None = None


class ExperimentTag(ExperimentById, kw_only=True):
    key: Key
    value: Text = None


class SearchDatasets(Struct):
    experiment_ids: list[str] | None = None


class CreateLoggedModel(Struct):
    experiment_id: str
    name: Text = None
    model_type: Text = None
    source_run_id: Text = None
    params: list[Pair] | None = None
    tags: list[Pair] | None = None


class LoggedModelById(Struct):
    model_id: str = ""


class GetLoggedModel(LoggedModelById):
    allow_deleted: bool | None = None


class FinalizeLoggedModel(LoggedModelById, kw_only=True):
    status: str


class LoggedModelPairs(LoggedModelById):
    params: list[Pair] | None = None
    tags: list[Pair] | None = None


class LoggedModelTag(LoggedModelById):
    tag_key: str = ""


class LoggedModelFiles(LoggedModelById):
    artifact_directory_path: Text = None
    page_token: Text = None


class ModelOrder(Struct):
    field_name: str
    ascending: bool | None = None
    dataset_name: Text = None
    dataset_digest: Text = None


class DatasetFilter(Struct):
    dataset_name: str
    dataset_digest: Text = None


class SearchLoggedModels(Struct):
    experiment_ids: list[str] | None = None
    filter: Text = None
    datasets: list[DatasetFilter] | None = None
    max_results: Int64 | None = None
    order_by: list[ModelOrder] | None = None
    page_token: Text = None


class RegisteredModelByName(Struct):
    name: str


class CreateRegisteredModel(RegisteredModelByName):
    description: Text = None
    tags: list[Pair] | None = None
    deployment_job_id: Text = None


class UpdateRegisteredModel(RegisteredModelByName):
    description: Text = None
    deployment_job_id: Text = None


class RenameRegisteredModel(RegisteredModelByName, kw_only=True):
    new_name: str


class LatestVersions(RegisteredModelByName):
    stages: list[str] | None = None


class RegisteredModelTag(RegisteredModelByName, kw_only=True):
    key: Key
    value: Text = None


class Alias(RegisteredModelByName, kw_only=True):
    alias: Annotated[str, Meta(min_length=1, max_length=255)]
    version: Text = None


class ModelVersionByNumber(RegisteredModelByName, kw_only=True):
    version: str


class CreateModelVersion(RegisteredModelByName, kw_only=True):
    source: str
    run_id: Text = None
    run_link: Text = None
    description: Text = None
    model_id: Text = None
    tags: list[Pair] | None = None


class UpdateModelVersion(ModelVersionByNumber):
    description: Text = None


class TransitionStage(ModelVersionByNumber, kw_only=True):
    stage: str
    archive_existing_versions: bool | None = None


class ModelVersionTag(ModelVersionByNumber, kw_only=True):
    key: Key
    value: Text = None


class StartTrace(Struct):
    """Version 3 of the protocol sends `trace`; version 2 sends the other fields."""

    trace: dict[str, Any] | None = None
    experiment_id: Text = None
    timestamp_ms: Int64 | None = None
    request_metadata: list[Pair] | None = None
    tags: list[Pair] | None = None


class TraceById(Struct):
    trace_id: str = ""


class EndTrace(TraceById):
    timestamp_ms: Int64 | None = None
    status: Text = None
    request_metadata: list[Pair] | None = None
    tags: list[Pair] | None = None


class TraceTag(TraceById, kw_only=True):
    key: Key
    value: Text = None


class LinkTraces(Struct):
    trace_ids: list[str]
    run_id: str


class SearchTraces(Search):
    locations: list[dict[str, Any]] | None = None
    experiment_ids: list[str] | None = None


class DeleteTraces(Struct):
    experiment_id: str
    max_timestamp_millis: Int64 | None = None
    max_traces: Int64 | None = None
    request_ids: list[str] | None = None
    trace_ids: list[str] | None = None


class Assessment(TraceById):
    assessment_id: str = ""
    assessment: dict[str, Any] | None = None
    update_mask: Text = None


def run_id_of(request: RunById | LogMetric) -> str | None:
    return request.run_id or request.run_uuid


def values_of(pairs: list[Pair] | None) -> dict[str, str]:
    """Return parameters or tags by key; a missing value becomes ""."""
    return {pair.key: pair.value or "" for pair in pairs or ()}
