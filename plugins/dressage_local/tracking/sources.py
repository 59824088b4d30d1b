"""What a script registers: a logged model, artifacts of a run, a registered version, or an address elsewhere."""

import re
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from dressage_local.tracking import requests
from dressage_local.tracking.errors import invalid
from dressage_local.tracking.state import TrackingState

_NAME = re.compile(r"[\w-]+")


class Source(NamedTuple):
    """folder: of the files, where they are within reach. run_id, model_id: whose they are."""

    folder: Path | None
    run_id: str | None
    model_id: str | None


def found_at(state: TrackingState, asked: requests.CreateModelVersion) -> Source:
    """Raises RefusedError for a path on this machine that is not this run's."""
    scheme, _, rest = asked.source.partition(":/")
    run_id, model_id = asked.run_id or None, asked.model_id or None
    if scheme == "models" and rest.strip("/").startswith("m-"):
        return _of_model(state, rest.strip("/"), run_id)
    if scheme == "models":
        return _of_version(state, asked.source, rest, run_id)
    if scheme == "runs":
        owner, _, path = rest.strip("/").partition("/")
        artifacts = _artifacts_of(state, owner)
        folder = artifacts / path if artifacts and ".." not in PurePosixPath(path).parts else None
        return _existing(folder, run_id or owner, model_id, asked.source if artifacts else None)
    folder = _local(asked.source)
    if folder is None:
        return Source(None, run_id, model_id)
    if not folder.is_relative_to(state.identity.artifacts.resolve()):
        own = str(state.identity.artifacts)
        raise invalid(
            f"Invalid model version source: '{asked.source}'. A path must be within this run's artifacts, {own!r}."
        )
    if model_id in state.tracked.models:
        return _of_model(state, str(model_id), run_id)
    return _existing(folder, run_id, model_id, asked.source)


def _of_model(state: TrackingState, model_id: str, run_id: str | None) -> Source:
    model = state.model(model_id)
    return _existing(state.files_of(model), run_id or model.source_run_id, model_id)


def _of_version(state: TrackingState, source: str, rest: str, run_id: str | None) -> Source:
    """A version of another name: `MlflowClient.copy_model_version` names it so."""
    name, _, number = rest.strip("/").rpartition("/")
    version = state.registry.version(name, int(number)) if name and number.isdecimal() else None
    model = state.registry.find(name) if version else None
    if version is None or model is None:
        raise invalid(f"Invalid model version source: '{source}'; there is no such version")
    notes = model.versions[number]
    folder = state.registry.lay_out(version, state.folder_of(version))
    return Source(folder if version.files else None, run_id or notes.run_id, notes.model_id)


def _artifacts_of(state: TrackingState, run_id: str) -> Path | None:
    """Of a run of this script, or of an earlier run in the workspace."""
    for run in (state.tracked, *state.tracked.runs.values()):
        if run.run_id == run_id:
            return state.artifacts_of(run)
    earlier = state.identity.workspace / "runs" / run_id / "artifacts"
    return earlier if _NAME.fullmatch(run_id) and earlier.is_dir() else None


def _existing(
    folder: Path | None, run_id: str | None, model_id: str | None, named: str | None = None
) -> Source:
    """named: what has to be a folder with files. Raises RefusedError if it is not."""
    if named and not (folder and folder.is_dir() and any(folder.iterdir())):
        raise invalid(f"Invalid model version source: '{named}': there is no such folder, or it is empty.")
    return Source(folder if folder and folder.is_dir() else None, run_id, model_id)


def _local(source: str) -> Path | None:
    """A path, or a file:// address; None for an address elsewhere."""
    parts = urlsplit(source)
    if parts.scheme not in ("", "file"):
        return None
    return Path(unquote(parts.path) if parts.scheme else source).absolute().resolve()
