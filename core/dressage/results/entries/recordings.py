"""What a script records. The tracking endpoint and readers of event files write these entries.

An entry with a `run` belongs to a further run that the script opened. Times in milliseconds are since 1970 in UTC.
"""

from msgspec import UNSET, Struct, UnsetType, field

from dressage.results.entries.base import Entry


class MetricItem(Struct, frozen=True, kw_only=True):
    """One value of a metric; model_id, dataset_name and dataset_digest: what it was logged for."""

    key: str
    value: float
    step: int | None = None
    timestamp: int | None = None
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class ParamItem(Struct, frozen=True, kw_only=True):
    """A parameter."""

    key: str
    value: str


class TagItem(Struct, frozen=True, kw_only=True):
    """A tag; a value of None deletes it."""

    key: str
    value: str | None


class InputItem(Struct, frozen=True, kw_only=True):
    """A dataset that a script says it read. source, schema, profile: JSON text, as MLflow writes it."""

    name: str
    digest: str
    source_type: str = ""
    source: str = ""
    schema: str | None = None
    profile: str | None = None
    tags: dict[str, str] = {}


class OutputItem(Struct, frozen=True, kw_only=True):
    """A model that a run logged."""

    model_id: str
    step: int = 0


class Recording(Entry, frozen=True, kw_only=True):
    """What a script recorded. run: the further run that it belongs to; None for the run itself."""

    run: str | None = None


class MetricsLogged(Recording, frozen=True, kw_only=True, tag="metrics"):
    """file: the event file of TensorBoard that the metrics were read from, by its path in the working directory.

    end: the byte up to which it was read. problem: why not to its end.
    """

    items: tuple[MetricItem, ...]
    file: str | None = None
    end: int = 0
    problem: str | None = None


class ParamsLogged(Recording, frozen=True, kw_only=True, tag="params"):
    """Parameters."""

    items: tuple[ParamItem, ...]


class TagsChanged(Recording, frozen=True, kw_only=True, tag="tags"):
    """Tags that were set or deleted."""

    items: tuple[TagItem, ...]


class InputsLogged(Recording, frozen=True, kw_only=True, tag="inputs"):
    """Datasets that were read. models: the ids of logged models that were read."""

    items: tuple[InputItem, ...]
    models: tuple[str, ...] = ()


class OutputsLogged(Recording, frozen=True, kw_only=True, tag="outputs"):
    """Models that were logged."""

    items: tuple[OutputItem, ...]


class StatusChanged(Recording, frozen=True, kw_only=True, tag="tracking.status"):
    """Fields of an MLflow run that changed."""

    status: str | None = None
    run_name: str | None = None
    end_time: int | UnsetType | None = UNSET
    user: str | UnsetType = UNSET
    started_ms: int | UnsetType = UNSET
    deleted: bool | UnsetType = UNSET
    experiment_id: str | UnsetType = UNSET


class BatchLogged(Recording, frozen=True, kw_only=True, tag="batch"):
    """Several entries of one MLflow run: all of them are in the journal, or none."""

    parts: tuple[
        MetricsLogged | ParamsLogged | TagsChanged | InputsLogged | OutputsLogged | StatusChanged, ...
    ]


class RunOpened(Recording, frozen=True, kw_only=True, tag="tracking.run"):
    """The script opened a further run."""

    run: str
    name: str | None
    user: str | UnsetType = UNSET
    started_ms: int | UnsetType = UNSET
    experiment_id: str | UnsetType = UNSET


class ExperimentChanged(Recording, frozen=True, kw_only=True, tag="tracking.experiment"):
    """Fields of an experiment that changed; the first entry, which has a name, creates it."""

    experiment_id: str
    name: str | UnsetType = UNSET
    created_ms: int | UnsetType = UNSET
    updated_ms: int | UnsetType = UNSET
    deleted: bool | UnsetType = UNSET
    tags: tuple[TagItem, ...] | None = None


class ModelCreated(Recording, frozen=True, kw_only=True, tag="tracking.model"):
    """The script began to log a model."""

    model_id: str
    name: str
    experiment_id: str = "0"
    model_type: str | None = None
    source_run_id: str | None = None
    created_ms: int = 0
    updated_ms: int = 0
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


class ModelChanged(Recording, frozen=True, kw_only=True, tag="tracking.model_changed"):
    """Fields of a logged model that changed."""

    model_id: str
    status: str | UnsetType = UNSET
    updated_ms: int | UnsetType = UNSET
    deleted: bool | UnsetType = UNSET
    params: dict[str, str] | None = None
    tags: tuple[TagItem, ...] | None = None


class VersionRegistered(Recording, frozen=True, kw_only=True, tag="tracking.registered"):
    """The script registered a model version."""

    name: str
    version: int
    model_id: str | None = None


class TraceLogged(Recording, frozen=True, kw_only=True, tag="tracking.trace"):
    """The script logged a trace."""

    trace_id: str


class TraceDeleted(Recording, frozen=True, kw_only=True, tag="tracking.trace_deleted"):
    """The script deleted a trace."""

    trace_id: str


class RequestRefused(Recording, frozen=True, kw_only=True, tag="tracking.refused"):
    """A request that was refused. count: how often. message: why; "" if such requests are not supported."""

    request: str
    count: int
    message: str
