"""The requests of MLflow's protocol, as typed structs: what a body or a query must look like.

Source: the messages of service.proto and model_registry.proto in github.com/mlflow/mlflow. Numbers may arrive as
text, as protocol buffers' JSON has 64-bit integers and what is not a finite number.
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


class OfRun(Struct):
    """A request about one run. run_uuid: what clients before 1.0 call run_id."""

    run_id: Text = None
    run_uuid: Text = None


class CreateRun(Struct):
    experiment_id: Text = None
    user_id: Text = None
    run_name: Text = None
    start_time: Time | None = None
    tags: list[Pair] | None = None


class UpdateRun(OfRun):
    status: Text = None
    end_time: Time | None = None
    run_name: Text = None


class LogMetric(Metric):
    """A metric of one run. run_uuid: as in OfRun."""

    run_uuid: Text = None


class LogPair(OfRun, kw_only=True):
    key: Key
    value: Text = None


class RunKey(OfRun, kw_only=True):
    key: Key


class LogBatch(OfRun):
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


class LogInputs(OfRun):
    datasets: list[DatasetInput] | None = None
    models: list[ModelOutput] | None = None


class LogOutputs(OfRun):
    models: list[ModelOutput] | None = None


class LogModel(OfRun, kw_only=True):
    model_json: str


class MetricHistory(OfRun, kw_only=True):
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
    """A search of anything: filter, order and page."""

    filter: Text = None
    order_by: list[str] | None = None
    max_results: Int64 | None = None
    page_token: Text = None


class SearchRuns(Search):
    experiment_ids: list[str] | None = None
    run_view_type: Text = None


class SearchExperiments(Search):
    view_type: str | int | None = None


class ListArtifacts(OfRun):
    path: Text = None
    page_token: Text = None


class OfExperiment(Struct):
    experiment_id: str


class UpdateExperiment(OfExperiment):
    new_name: Text = None


class ExperimentByName(Struct):
    experiment_name: str


class CreateExperiment(Struct):
    name: Annotated[str, Meta(min_length=1, max_length=500)]
    artifact_location: Text = None
    tags: list[Pair] | None = None


class ExperimentTag(OfExperiment, kw_only=True):
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


class OfLoggedModel(Struct):
    model_id: str = ""


class GetLoggedModel(OfLoggedModel):
    allow_deleted: bool | None = None


class FinalizeLoggedModel(OfLoggedModel, kw_only=True):
    status: str


class LoggedModelPairs(OfLoggedModel):
    params: list[Pair] | None = None
    tags: list[Pair] | None = None


class LoggedModelTag(OfLoggedModel):
    tag_key: str = ""


class LoggedModelFiles(OfLoggedModel):
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


class OfRegisteredModel(Struct):
    name: str


class CreateRegisteredModel(OfRegisteredModel):
    description: Text = None
    tags: list[Pair] | None = None
    deployment_job_id: Text = None


class UpdateRegisteredModel(OfRegisteredModel):
    description: Text = None
    deployment_job_id: Text = None


class RenameRegisteredModel(OfRegisteredModel, kw_only=True):
    new_name: str


class LatestVersions(OfRegisteredModel):
    stages: list[str] | None = None


class RegisteredModelTag(OfRegisteredModel, kw_only=True):
    key: Key
    value: Text = None


class Alias(OfRegisteredModel, kw_only=True):
    alias: Annotated[str, Meta(min_length=1, max_length=255)]
    version: Text = None


class OfModelVersion(OfRegisteredModel, kw_only=True):
    version: str


class CreateModelVersion(OfRegisteredModel, kw_only=True):
    source: str
    run_id: Text = None
    run_link: Text = None
    description: Text = None
    model_id: Text = None
    tags: list[Pair] | None = None


class UpdateModelVersion(OfModelVersion):
    description: Text = None


class TransitionStage(OfModelVersion, kw_only=True):
    stage: str
    archive_existing_versions: bool | None = None


class ModelVersionTag(OfModelVersion, kw_only=True):
    key: Key
    value: Text = None


class StartTrace(Struct):
    """With version 3 of the protocol: trace. With version 2: the other fields."""

    trace: dict[str, Any] | None = None
    experiment_id: Text = None
    timestamp_ms: Int64 | None = None
    request_metadata: list[Pair] | None = None
    tags: list[Pair] | None = None


class OfTrace(Struct):
    trace_id: str = ""


class EndTrace(OfTrace):
    timestamp_ms: Int64 | None = None
    status: Text = None
    request_metadata: list[Pair] | None = None
    tags: list[Pair] | None = None


class TraceTag(OfTrace, kw_only=True):
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


class Assessment(OfTrace):
    assessment_id: str = ""
    assessment: dict[str, Any] | None = None
    update_mask: Text = None


def run_id_of(asked: OfRun | LogMetric) -> str | None:
    return asked.run_id or asked.run_uuid


def values_of(pairs: list[Pair] | None) -> dict[str, str]:
    """Parameters or tags by their keys; one without a value has an empty one."""
    return {pair.key: pair.value or "" for pair in pairs or ()}
