"""Plan the stages of a request: what each would do, and why. Nothing is changed."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from msgspec.structs import replace

from dressage.engine.reuse import find_elsewhere
from dressage.errors import NotFoundError, SpecError, describe_unknown
from dressage.files.trees import files_below
from dressage.hooks.proxy import PlatformProxy
from dressage.platforms.protocols import Notes
from dressage.records.judgements import Changes
from dressage.records.requests import RunRequest, Training
from dressage.records.workspace import Workspace
from dressage.results.differences import file_differences, input_differences
from dressage.results.plans import StagePlan
from dressage.results.versions import DatasetVersion
from dressage.specs.datasets import Dataset, RegisteredDataset
from dressage.storage.hash_cache import HashCache

_SKIPPED = {"reuse": "the model is reused", "follow": "the run is followed"}


def plan_stages(
    platform: PlatformProxy,
    workspace: Workspace,
    request: RunRequest,
    changes: Changes,
    *,
    again: bool = False,
) -> tuple[StagePlan, ...]:
    """Return one plan per dataset, then one per other stage. again: train even if the model exists."""
    _check_processes(platform, request)
    datasets = {name: _plan_dataset(platform, wanted) for name, wanted in request.datasets.items()}
    none = StagePlan(stage="dataset", action="none", name="none", reasons=("the recipe reads no dataset",))
    compute = platform.compute.plan(request.compute)
    environment = platform.environments.plan(request.environment_with_source)
    environment = replace(environment, reasons=(*environment.reasons, *request.environment.origin))
    training = Training(
        request=request,
        datasets={name: stage.key for name, stage in datasets.items()},
        environment=environment.key if environment.action == "reuse" else None,
    )
    model = _plan_model(platform, workspace, training, again=again)
    stages = (*(datasets.values() or (none,)), compute, environment, model)
    if model.action in ("reuse", "follow"):
        stages = tuple(_skip(stage, _SKIPPED[model.action]) for stage in stages)
    left = dict(changes)  # a change is shown once, even if the run has several datasets
    return tuple(replace(stage, changed_by=change_lines(left.pop(stage.stage, ()))) for stage in stages)


def change_lines(changes: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return one line per change of a policy: "house: max_nodes: 4 -> 1"."""
    return tuple(f"{policy}: {line}" for policy, line in changes)


def find_registered(platform: PlatformProxy, wanted: RegisteredDataset) -> DatasetVersion:
    """Return the registered version; the newest if no version is given. Raises NotFoundError."""
    named = {version.version: version for version in platform.datasets.list(wanted.name)}
    if not named:
        names = {version.name for version in platform.datasets.list()}
        line = describe_unknown("dataset", wanted.name, names)
        raise NotFoundError(f"{line}; add it with: dressage datasets register {wanted.name} FILES")
    number = max(named) if wanted.version is None else wanted.version
    if number not in named:
        known = ", ".join(map(str, sorted(named)))
        raise NotFoundError(f"dataset {wanted.name!r} has no version {number}; known: {known}")
    return named[number]


def _check_processes(platform: PlatformProxy, request: RunRequest) -> None:
    """Raise SpecError if the run needs several processes and the platform starts one."""
    asked = request.script.distribution
    if asked.processes > 1 and not platform.runs_several_processes:
        raise SpecError(
            f"recipe {request.recipe!r}: a run of {asked.processes} processes ({asked.nodes} x"
            f" {asked.processes_per_node}) cannot run on platform {platform.name!r}, which starts one process; set"
            " distribution to 1 x 1, or choose another platform with --on"
        )


def _plan_dataset(platform: PlatformProxy, wanted: Dataset) -> StagePlan:
    if not isinstance(wanted, RegisteredDataset):
        stage = platform.datasets.plan(wanted)
        return replace(stage, reasons=(*stage.reasons, *wanted.left_out))
    found = find_registered(platform, wanted)
    if plan_version := getattr(platform.datasets, "plan_version", None):  # of the workspace's own store
        return cast(StagePlan, plan_version(found))
    return StagePlan(
        stage="dataset", action="reuse", name=found.name, version=found.version, key=found.digest
    )


def _skip(stage: StagePlan, reason: str) -> StagePlan:
    """Return the plan of a stage that is not needed. reason: why."""
    if stage.action in ("reuse", "follow", "none"):
        return stage
    return replace(stage, action="none", size=None, reasons=(f"not needed: {reason}",))


def _plan_model(
    platform: PlatformProxy, workspace: Workspace, training: Training, *, again: bool
) -> StagePlan:
    """Reuse the version that was trained from the same inputs; otherwise train, and say why."""
    model, annotator = training.request.model, platform.optional(Notes)
    notes = (
        *_limit_notes(platform, training.request),
        *(annotator.notes(training.request) if annotator else ()),
    )
    reasons: tuple[str, ...] = ("the script's model is not registered",)
    if model.name is not None:
        found = platform.models.find(training) if _is_known(training) and not again else None
        if found is not None:
            return StagePlan(
                stage="model",
                action="reuse",
                name=model.name,
                version=found.version,
                key=found.digest,
                run_id=found.lineage.run_id if found.lineage else None,
            )
        if _is_known(training) and not again and (run := find_elsewhere(platform, workspace, training)):
            reason = f"run {run.run_id}, started elsewhere from the same inputs, is {run.status.state}"
            return StagePlan(
                stage="model", action="follow", name=model.name, run_id=run.run_id, reasons=(reason,)
            )
        old = platform.models.previous_inputs(model.name)
        try:
            reasons = tuple(_changes(old, training, workspace))
        except (TypeError, AttributeError, ValueError) as error:
            what = f"returned {old!r:.200}: {error}"
            raise platform.plugin.error("models.previous_inputs", what) from error
    return StagePlan(stage="model", action="train", name=model.label, reasons=(*reasons, *notes))


def _limit_notes(platform: PlatformProxy, request: RunRequest) -> Iterator[str]:
    """Yield a line for each option of the run's queue that the platform does not support."""
    if request.priority and not platform.has_priorities:
        yield f"priority {request.priority} has no effect: platform {platform.name!r} does not support it"
    if request.retries and not platform.has_retries:
        yield f"retries {request.retries} has no effect: platform {platform.name!r} does not support it"


def _is_known(training: Training) -> bool:
    """Return whether the digests of all inputs are known."""
    return training.environment is not None and None not in training.datasets.values()


def _changes(old: Mapping[str, Any] | None, training: Training, workspace: Workspace) -> Iterator[str]:
    """Yield what differs from the last training of the model, one line each."""
    if old is None:
        yield "no previous run"
    else:
        known = {name: value for name, value in training.inputs.items() if value is not None}
        yield from input_differences(old, known, _file_changes(old.get("snapshot"), training, workspace))
    if training.environment is None:
        yield "environment not built yet"


def _file_changes(digest: str | None, training: Training, workspace: Workspace) -> list[str]:
    """Return the changed files of the source directory; one line for all if the old one is not in this workspace."""
    new = training.request.snapshot
    if digest == new.digest:
        return []
    folder = workspace.snapshots / (digest or "")
    if not digest or not folder.is_dir():
        return ["the source directory changed"]
    paths = list(files_below(folder))
    digests = HashCache(workspace.root).digests(f"{folder}/{path}" for path in paths)
    before = {path: hashed.sha256 for path, hashed in zip(paths, digests, strict=True)}
    return file_differences(before, {file.path: file.sha256 for file in new.files})
