"""The source of a registration: a logged model, artifacts of a run, a registered version, or another address."""

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
    """content: the folder, file or version with the files, or None if they are not on this machine.

    run_id, model_id: the run and logged model that they come from.
    """

    content: Path | ModelVersion | None
    run_id: str | None
    model_id: str | None


def resolve_source(
    state: TrackingState, request: requests.CreateModelVersion, tags: Mapping[str, str]
) -> Source:
    """Find what a script registers. Raises RefusedError for a path on this machine outside this run's folder."""
    scheme, _, rest = request.source.partition(":/")
    run_id, model_id = request.run_id or None, request.model_id or None
    if scheme == "models" and rest.strip("/").startswith("m-"):
        return _of_model(state, rest.strip("/"), run_id)
    if scheme == "models":
        return _of_version(state, request.source, rest, run_id)
    if scheme == "runs":
        return _of_run(state, request)
    place = _local(request.source)
    # The text of a prompt is in a tag; its source has no meaning.
    if place is None or tags.get("mlflow.prompt.is_prompt") == "true":
        return Source(None, run_id, model_id)
    content = _within(request.source, place, state.identity.artifacts)
    if model_id in state.tracked.models:
        return _of_model(state, str(model_id), run_id)
    return Source(content, run_id, model_id)


def _of_model(state: TrackingState, model_id: str, run_id: str | None) -> Source:
    model = state.model(model_id)
    folder = state.files_of(model)
    return Source(_within(f"models:/{model_id}", folder, folder), run_id or model.source_run_id, model_id)


def _of_run(state: TrackingState, request: requests.CreateModelVersion) -> Source:
    owner, _, path = request.source.removeprefix("runs:/").strip("/").partition("/")
    artifacts = _artifacts_of(state, owner)
    content = _within(request.source, artifacts / path, artifacts) if artifacts else None
    return Source(content, request.run_id or owner, request.model_id or None)


def _of_version(state: TrackingState, source: str, rest: str, run_id: str | None) -> Source:
    """Find a registered version, which is the source in `MlflowClient.copy_model_version`."""
    name, _, number = rest.strip("/").rpartition("/")
    check_name(name)
    version = state.registry.version(name, version_number(number))
    model = state.registry.find(name) if version else None
    if version is None or model is None:
        raise invalid(f"Invalid model version source: '{source}'; the version does not exist")
    notes = state.registry.notes_of(model, version)
    return Source(version if version.files else None, run_id or notes.run_id, notes.model_id)


def _artifacts_of(state: TrackingState, run_id: str) -> Path | None:
    """Return the artifacts folder of a run of this script, or of an earlier run in the workspace."""
    for run in (state.tracked, *state.tracked.runs.values()):
        if run.run_id == run_id:
            return state.artifacts_of(run)
    if not _NAME.fullmatch(run_id):
        return None
    earlier = Workspace(state.identity.workspace).run(run_id).artifacts
    return earlier if earlier.is_dir() else None


def _within(source: str, place: Path, root: Path) -> Path:
    """Return `place` if it is a file or a folder with files below `root`. Raises RefusedError if not."""
    try:
        is_inside = place.resolve().is_relative_to(root.resolve())
        has_files = place.is_file() or (place.is_dir() and any(place.iterdir()))
    except (OSError, ValueError, RuntimeError) as error:  # too long, a NUL, circular links
        raise invalid(f"Invalid model version source: '{source[:200]}': {error}") from error
    if not is_inside:
        raise invalid(
            f"Invalid model version source: '{source}'. A path must be within this run's artifacts, {str(root)!r}."
        )
    if not has_files:
        raise invalid(f"Invalid model version source: '{source}': the folder does not exist or is empty.")
    return place


def _local(source: str) -> Path | None:
    """Return the path on this machine that a path or file:// address names; None for other addresses."""
    try:
        parts = urlsplit(source)
    except ValueError as error:
        raise invalid(f"Invalid model version source: '{source[:200]}': {error}") from error
    if parts.scheme not in ("", "file"):
        return None
    return Path(unquote(parts.path) if parts.scheme else source).absolute()
