"""Make a record of a run that was started elsewhere, from what its platform knows of it."""

import os
import shutil

from msgspec import Struct

from dressage.files.encoding import to_json
from dressage.files.syncing import sync_folder
from dressage.records.judgements import judgement_of
from dressage.records.requests import RunRequest, Submission
from dressage.records.run_folder import RunFolder
from dressage.records.workspace import Workspace
from dressage.results.versions import ModelVersion

UNKNOWN_RECIPE = "?"
"""The recipe of a run that dressage did not start."""
_STAGING = "adopting"


class FoundRun(Struct, frozen=True, kw_only=True):
    """A run that a platform has, no matter who started it.

    request: with the id that the engine uses for the run. Of a run that dressage did not start, it has what the
    platform knows, and the recipe "?".
    submission: of the last attempt; None if dressage did not start the run, or if the platform does not have it.
    attempts: how many there were. model: the version that was registered from the run's files.
    created: when the platform got the run; ISO 8601, UTC.
    """

    request: RunRequest
    submission: Submission | None = None
    attempts: int = 1
    model: ModelVersion | None = None
    created: str | None = None


def adopt_run(workspace: Workspace, found: FoundRun) -> RunFolder:
    """Return the folder of the run; create its record unless it exists. Safe for several processes.

    The record is made in another folder and then renamed, so that nobody sees a part of it.
    """
    workspace.create()
    run_id = found.request.run_id
    place = workspace.runs / run_id
    if not place.exists():
        staging = workspace.root / _STAGING / os.urandom(16).hex()
        staging.mkdir(parents=True)
        _write(RunFolder(staging), found)
        try:
            staging.rename(place)
        except OSError:
            if not place.exists():
                raise
            shutil.rmtree(staging)  # another process was faster
        sync_folder(workspace.runs)
        if found.submission:
            workspace.open_runs.add(run_id, found.request.key)
    return workspace.run(run_id)


def _write(folder: RunFolder, found: FoundRun) -> None:
    folder.create(to_json(found.request), to_json(judgement_of(found.request)))
    folder.adopt(found.created)
    if found.submission:
        for name, version in found.submission.datasets.items():
            folder.finish_stage("dataset", to_json(version), name)
        folder.finish_stage("compute", to_json(found.submission.compute))
        folder.finish_stage("environment", to_json(found.submission.environment))
    for attempt in range(1, found.attempts + 1):
        if attempt > 1:
            folder.resume(attempt)
        folder.begin_submission(attempt)
        folder.finish_submission(attempt)
    if found.model:
        folder.finish_stage("model", to_json(found.model))
