"""Submit the attempts of a run: the first one, and those that a resume starts."""

from collections.abc import Callable

from msgspec.structs import replace

from dressage.engine.checks import check_secrets
from dressage.engine.judging import judge_again
from dressage.engine.planning import change_lines
from dressage.engine.runs import Run
from dressage.engine.stages import Conductor, refuse_data
from dressage.errors import SettingsError
from dressage.files.encoding import to_json
from dressage.hooks.plugins import Plugins
from dressage.hooks.policies import list_disabled_policies, load_policies
from dressage.records.adoption import UNKNOWN_RECIPE
from dressage.records.workspace import Workspace
from dressage.results.events import Listener, RunJudged, RunSubmitted
from dressage.specs.datasets import RegisteredDataset
from dressage.storage.snapshots import ensure_kept


def submit_attempt(run: Run, attempt: int, listener: Listener) -> None:
    """Carry out the stages before the run and submit the attempt to the platform.

    Raises StageError if a stage fails, SettingsError for a missing secret.
    """
    check_secrets(run.request.environment)
    conductor = Conductor(run.request, run.platform, run.folder, listener, run.addresses)
    conductor.submit(conductor.prepare(attempt))
    listener(RunSubmitted(run.id, attempt))


def continue_run(
    run: Run, workspace: Workspace, plugins: Plugins, listener: Listener, inform: Callable[[str], None]
) -> None:
    """Submit the run if it was not submitted yet, or start its next attempt if it failed or was canceled.

    A queued run is submitted again. This has no effect, unless its queue was lost; then the platform takes the
    variables of this process.
    inform: called with the run's id when its journal has another attempt.
    """
    status = run.status
    record = run.folder.refresh()
    if not record.is_submitted:
        _check_source(run, workspace)
        _judge(run, workspace, plugins, listener)
        run.folder.enter(record.attempt, "Preparing")
        submit_attempt(run, record.attempt, listener)
    elif status.state in ("Failed", "Canceled"):
        _check_origin(run)
        _check_data(run)
        _check_source(run, workspace)
        _judge(run, workspace, plugins, listener)
        attempt = record.attempt + 1
        workspace.open_runs.add(run.id, run.request.key)  # before the journal, too
        run.folder.resume(attempt)
        inform(run.id)
        submit_attempt(run, attempt, listener)
    elif status.state == "Queued" and not record.adopted and (submission := record.the_submission()):
        run.platform.runs.submit(submission)


def _check_origin(run: Run) -> None:
    """Raise SettingsError if dressage did not start the run: then its inputs are not known."""
    if run.request.recipe == UNKNOWN_RECIPE:
        raise SettingsError(
            f"run {run.id!r} was not started by dressage and cannot be resumed; start it again as it was started"
        )


def _check_data(run: Run) -> None:
    """Raise StageError, before anything is written, if an input has changed since the attempts before."""
    used = run.folder.refresh().used_datasets
    for name, wanted in run.request.datasets.items():
        if name in used and not isinstance(wanted, RegisteredDataset):
            planned, digest = run.platform.datasets.plan(wanted).key, used[name]["digest"]
            if planned is not None and planned != digest:
                refuse_data(run.request.recipe, wanted.name, digest, planned)


def _check_source(run: Run, workspace: Workspace) -> None:
    """Raise StageError, before anything is written, if the copy of the source was damaged and cannot be repaired."""
    ensure_kept(run.id, run.request.snapshot, run.request.script.directory, workspace.root)


def _judge(run: Run, workspace: Workspace, plugins: Plugins, listener: Listener) -> None:
    """Let the current policies judge the run again. The journal is written only if their judgement differs."""
    recorded = run.folder.refresh().the_judgement()
    policies, disabled = load_policies(plugins), list_disabled_policies(plugins)
    request, judgement = judge_again(run.request, recorded, policies, disabled, run.platform.compute.resolve)
    if (request, judgement) != (run.request, replace(recorded, user=judgement.user)):
        # before the journal: the key may have changed, and the run must be findable
        workspace.open_runs.add(run.id, request.key)
        run.folder.judge(to_json(request), to_json(judgement))
        run.request = request
        lines = [line for changes in judgement.changes.values() for line in change_lines(changes)]
        listener(RunJudged(run.id, tuple(judgement.policies), tuple(lines), judgement.disabled))
