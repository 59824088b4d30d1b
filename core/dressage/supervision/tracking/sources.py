"""What a script registers: a logged model, artifacts of a run, a registered version, or an address elsewhere."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from dressage.records.workspace import Workspace
from dressage.results.versions import ModelVersion
from dressage.supervision.tracking import requests
from dressage.supervision.tracking.errors import invalid
from dressage.supervision.tracking.registry_views import check_name, version_number
from dressage.supervision.tracking.state import TrackingState

_NAME = re.compile(r"[\w-]+")


class Source(NamedTuple):
    """content: the folder, file or version with the files, where they are within reach. run_id, model_id: whose."""

    content: Path | ModelVersion | None
    run_id: str | None
    model_id: str | None


def resolve_source(
    state: TrackingState, asked: requests.CreateModelVersion, tags: Mapping[str, str]
) -> Source:
    """Raises RefusedError for a path on this machine that is not this run's."""
    scheme, _, rest = asked.source.partition(":/")
    run_id, model_id = asked.run_id or None, asked.model_id or None
    if scheme == "models" and rest.strip("/").startswith("m-"):
        return _of_model(state, rest.strip("/"), run_id)
    if scheme == "models":
        return _of_version(state, asked.source, rest, run_id)
    if scheme == "runs":
        return _of_run(state, asked)
    place = _local(asked.source)
    # A prompt's text is a tag, and its source stands for nothing.
    if place is None or tags.get("mlflow.prompt.is_prompt") == "true":
        return Source(None, run_id, model_id)
    content = _within(asked.source, place, state.identity.artifacts)
    if model_id in state.tracked.models:
        return _of_model(state, str(model_id), run_id)
    return Source(content, run_id, model_id)


def _of_model(state: TrackingState, model_id: str, run_id: str | None) -> Source:
    model = state.model(model_id)
    folder = state.files_of(model)
    return Source(_within(f"models:/{model_id}", folder, folder), run_id or model.source_run_id, model_id)


def _of_run(state: TrackingState, asked: requests.CreateModelVersion) -> Source:
    owner, _, path = asked.source.removeprefix("runs:/").strip("/").partition("/")
    artifacts = _artifacts_of(state, owner)
    content = _within(asked.source, artifacts / path, artifacts) if artifacts else None
    return Source(content, asked.run_id or owner, asked.model_id or None)


def _of_version(state: TrackingState, source: str, rest: str, run_id: str | None) -> Source:
    """A version of another name: `MlflowClient.copy_model_version` names it so."""
    name, _, number = rest.strip("/").rpartition("/")
    check_name(name)
    version = state.registry.version(name, version_number(number))
    model = state.registry.find(name) if version else None
    if version is None or model is None:
        raise invalid(f"Invalid model version source: '{source}'; there is no such version")
    notes = state.registry.notes_of(model, version)
    return Source(version if version.files else None, run_id or notes.run_id, notes.model_id)


def _artifacts_of(state: TrackingState, run_id: str) -> Path | None:
    """Of a run of this script, or of an earlier run in the workspace."""
    for run in (state.tracked, *state.tracked.runs.values()):
        if run.run_id == run_id:
            return state.artifacts_of(run)
    if not _NAME.fullmatch(run_id):
        return None
    earlier = Workspace(state.identity.workspace).run(run_id).artifacts
    return earlier if earlier.is_dir() else None


def _within(source: str, place: Path, root: Path) -> Path:
    """A folder with files, or a file, below `root`. Raises RefusedError for anything else."""
    try:
        is_inside = place.resolve().is_relative_to(root.resolve())
        has_files = place.is_file() or (place.is_dir() and any(place.iterdir()))
    except (OSError, ValueError, RuntimeError) as error:  # too long, a NUL, links in a circle
        raise invalid(f"Invalid model version source: '{source[:200]}': {error}") from error
    if not is_inside:
        raise invalid(
            f"Invalid model version source: '{source}'. A path must be within this run's artifacts, {str(root)!r}."
        )
    if not has_files:
        raise invalid(f"Invalid model version source: '{source}': there is no such folder, or it is empty.")
    return place


def _local(source: str) -> Path | None:
    """A path, or a file:// address; None for an address elsewhere."""
    try:
        parts = urlsplit(source)
    except ValueError as error:
        raise invalid(f"Invalid model version source: '{source[:200]}': {error}") from error
    if parts.scheme not in ("", "file"):
        return None
    return Path(unquote(parts.path) if parts.scheme else source).absolute()
