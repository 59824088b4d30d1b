"""The hooks of observers. An observer is informed of what happens to runs; all its hooks are optional.

An observer is called in a separate process, for each run that was submitted while it was installed and enabled. It
can neither fail nor slow a run. The events of a run arrive in order, starting with the first one. The run's journal
keeps them until they are delivered: each event is delivered at least once. After a crash, the last events may be
delivered again with the same `event_id`.

Each hook can take any of these arguments:

options: an instance of the class that `options()` returned, checked; None if it returned none.
workspace: the workspace; `workspace.run(run_id)` has the run's record.

An exception in a hook is written to `observers.log` in the workspace. The event is then delivered again, up to five
times in all, with growing pauses; then it is given up, and the next event is delivered. UnreachableError says that
the receiver cannot be reached now: the event is kept for seven days, and delivered again with pauses of up to five
minutes, or after its `retry_after_s`. SettingsError has the same effect. A call that has not returned after 60
seconds is ended together with the process of the observer, and counts as failed. What an observer prints is in
`observers.log`.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dressage.hooks.specs import hookspec
from dressage.results.notices import (
    ChangedTags,
    LoggedMetrics,
    LoggedParameters,
    NewRun,
    RunEnd,
    StageResult,
    StateChange,
)

if TYPE_CHECKING:
    from dressage.records.workspace import Workspace


@hookspec(firstresult=True)
def options() -> type | None:
    """Declare the options of the observer: a frozen dataclass whose fields are made with `setting`.

    Called: when a run is submitted, when the observer's process starts, and by commands that show plugins.
    Returns: the class, every field with a default; None if the observer has no options. The hook may be left out.
    Raises: an exception is a warning when a run is submitted; the run's events are kept until the observer works.
    Since: contract 1.

    Users set an option in `[observers.NAME]` of a settings file, or with the variable DRESSAGE_NAME_KEY. An option
    must not be a secret: it names the variable that has the secret.

    Example:
        @dataclass(frozen=True, kw_only=True)
        class BellOptions:
            experiment: str | None = setting(None, help="ring for runs of this experiment only")

        @hookimpl
        def options():
            return BellOptions
    """


@hookspec(firstresult=True)
def enabled(options: Any) -> bool | None:
    """Say whether the observer wants to be called. Must not contact anything.

    Called: when a run is submitted, and when the observer's process starts.
    Returns: whether the options ask for it; None means yes. An observer without this hook is always called.
    Raises: see `options`.
    Since: contract 1.

    Example:
        @hookimpl
        def enabled(options):
            return options.url is not None
    """


@hookspec(firstresult=True)
def secrets(options: Any) -> Sequence[str] | None:
    """Name the environment variables that the observer needs.

    Called: when the observer's process starts.
    Returns: names of variables; None for none. If one is not set in the process that delivers, no event is delivered
        to the observer until a command is started from a shell in which they are set.
    Raises: see `options`.
    Since: contract 1.

    Example:
        @hookimpl
        def secrets(options):
            return (options.token_env,)
    """


@hookspec(firstresult=True)
def run_created(event: NewRun, options: Any, workspace: "Workspace") -> None:
    """Take note of a new run.

    Called: once for each run, as its first event.
    Returns: nothing.
    Raises: UnreachableError if the receiver cannot be reached now, SettingsError for an option that cannot be used.
        The start of this section describes the effect of these and other exceptions.
    Since: contract 1.

    Example:
        @hookimpl
        def run_created(event):
            print(event.run_id, "was created in experiment", event.experiment)
    """


@hookspec(firstresult=True)
def stage_finished(event: StageResult, options: Any, workspace: "Workspace") -> None:
    """Take note of the result of a stage.

    Called: for each dataset, for compute and environment, in each attempt; and for the model when it is registered.
    Returns: nothing.
    Raises: see `run_created`.
    Since: contract 1.

    Example:
        @hookimpl
        def stage_finished(event):
            if event.stage == "model":
                print("new model:", event.result)
    """


@hookspec(firstresult=True)
def run_state_changed(event: StateChange, options: Any, workspace: "Workspace") -> None:
    """Take note of a run's new state.

    Called: for each recorded state. A platform may leave states out. A run whose supervisor was killed, or that runs
        on a remote platform, has its new state when a command next asks the platform for it.
    Returns: nothing.
    Raises: see `run_created`.
    Since: contract 1.

    Example:
        @hookimpl
        def run_state_changed(event):
            print(event.run_id, event.state, event.reason or "")
    """


@hookspec(firstresult=True)
def parameters_logged(event: LoggedParameters, options: Any, workspace: "Workspace") -> None:
    """Take note of parameters that the script logged.

    Called: once for each request of the script.
    Returns: nothing.
    Raises: see `run_created`.
    Since: contract 1.

    Example:
        @hookimpl
        def parameters_logged(event):
            print(event.run_id, dict(event.parameters))
    """


@hookspec(firstresult=True)
def metrics_logged(event: LoggedMetrics, options: Any, workspace: "Workspace") -> None:
    """Take note of metrics that the script logged.

    Called: once for each request of the script, which has one or many values; soon after the request, or later if
        there are many. For a run on a remote platform, when its end is recorded.
    Returns: nothing.
    Raises: see `run_created`.
    Since: contract 1.

    Example:
        @hookimpl
        def metrics_logged(event):
            for metric in event.metrics:
                if metric.value != metric.value:
                    print(f"{event.run_id}: {metric.name} is not a number at step {metric.step}")
    """


@hookspec(firstresult=True)
def tags_changed(event: ChangedTags, options: Any, workspace: "Workspace") -> None:
    """Take note of tags that the script set or deleted.

    Called: once for each request of the script.
    Returns: nothing.
    Raises: see `run_created`.
    Since: contract 1.

    Example:
        @hookimpl
        def tags_changed(event):
            print(event.run_id, dict(event.tags))
    """


@hookspec(firstresult=True)
def run_finished(event: RunEnd, options: Any, workspace: "Workspace") -> None:
    """Take note of the end of a run.

    Called: when an attempt has ended, after `run_state_changed` for the same state. A run that is resumed ends again.
    Returns: nothing.
    Raises: see `run_created`.
    Since: contract 1.

    Example:
        @hookimpl
        def run_finished(event):
            print(event.run_id, event.state, event.metrics.get("accuracy"), event.model)
    """


@hookspec(firstresult=True)
def mirror(
    address: str,
    run_id: str,
    entries: Sequence[tuple[int, Mapping[str, Any]]],
    files: Path | None,
    progress: Callable[[str, int, int | None], None],
    options: Any,
    workspace: "Workspace",
) -> Sequence[str] | None:
    """Copy entries of a run's journal to a server or store. All of them arrive, in order, in several calls.

    Called: for new entries of a run, if the setting `mirror` has an address; and by `dressage runs export`, for all
        entries of one run. Entries that were copied before may arrive again; then they must not be copied twice.
    address: as in the setting, or on the command line. It may contain credentials: never write it to a log.
    entries: for each entry, the byte of the journal at which it ends, and its JSON. `dressage.results.entries`
        describes the entries; one that is damaged arrives as {"event": "unreadable"}.
    files: a folder with all files of the run; None: the files of the run's folder are all that is available.
    progress: called with an activity, the amount done and the total. A call that neither returns nor calls it for 30
        minutes is ended.
    Returns: what could not be copied, one line each; None if nothing.
    Raises: UnreachableError if the server cannot be reached now: the entries are kept, without a time limit.
        SettingsError for an address that cannot be used. Other exceptions as in `run_created`.
    Since: contract 1.

    Example:
        @hookimpl
        def mirror(address, run_id, entries):
            with open(address, "a") as store:
                for end, entry in entries:
                    store.write(json.dumps([run_id, end, entry]))
    """
