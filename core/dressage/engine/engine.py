"""Plan runs, start them, resume them and find them.

    engine = Engine()
    for stage in engine.plan("keras-mnist", set={"epochs": 5}).stages:
        print(stage.stage, stage.action, *stage.reasons)
    run = engine.run("keras-mnist", set={"epochs": 5})
    for output in run.logs(follow=True): ...
    run.wait()

No state is kept at module level: several engines in one process are independent. Methods block; in an event loop,
call them in a thread (`await asyncio.to_thread(engine.run, "keras-mnist")`).
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import replace

from dressage.delivery.registration import register_observers, warn_unusable
from dressage.engine import runs
from dressage.engine.adoption import adopt, find_or_adopt
from dressage.engine.attempts import continue_run, submit_attempt
from dressage.engine.planning import change_lines, plan_stages
from dressage.engine.platforms import load_platform
from dressage.engine.proposals import Proposal, make_proposal
from dressage.engine.reuse import describe_ignored, find_run_to_continue
from dressage.engine.runs import Run
from dressage.engine.settings import options_class, resolve_options
from dressage.files.encoding import to_json
from dressage.files.locks import FileLock
from dressage.hooks.observers import Active, find_active, find_mirror
from dressage.hooks.plugins import Plugins
from dressage.hooks.proxy import PlatformProxy
from dressage.hooks.recipes import load_recipe
from dressage.hooks.values import resolve_values
from dressage.platforms.protocols import Progress
from dressage.records.outbox import ensure_delivery
from dressage.records.requests import RunRequest
from dressage.records.run_folder import RunFolder
from dressage.records.run_ids import new_run_id
from dressage.records.workspace import Workspace, find_workspace
from dressage.results.events import STARTED_ELSEWHERE, Listener, PlanMade, RunCreated, RunFound, ignore
from dressage.results.plans import Plan
from dressage.results.statuses import ResumedRun, RunStatus, RunSummary, State
from dressage.results.versions import DatasetVersion, ModelVersion
from dressage.specs import configuration
from dressage.specs.dataset_addresses import Addresses
from dressage.specs.settings import Owner, Setting, list_settings
from dressage.storage import snapshots
from dressage.storage.hash_cache import HashCache

if TYPE_CHECKING:
    from dressage.hooks.statuses import PluginStatus
    from dressage.results.damage import Damage
    from dressage.templates import Created

_Version = TypeVar("_Version", DatasetVersion, ModelVersion)
_POLL_S = 0.1
"""Seconds between two checks whether the client that prepares a run has submitted it or exited."""


class Engine:
    """Plans runs, starts them, resumes them and finds them.

    directory: where to look for settings files and the workspace, here and in the folders above; the current folder
        by default.
    environ: the environment variables to read DRESSAGE_* from; those of this process by default.
    platforms: options of platforms, by the platform's name; they override variables and settings files.

    `engine.plugins.add(kind, name, plugin)` adds an object as a plugin of this engine; kind is "recipe", "platform"
    or "policy". It takes the place of an installed plugin of that name, and settings files cannot disable it.
    Settings files and installed plugins are read once; to read changed ones, create a new engine.
    """

    def __init__(
        self,
        directory: str | Path | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        platforms: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.directory = Path(directory or ".").absolute()
        self.environ = os.environ if environ is None else environ
        self.plugins = Plugins(lambda: self.configuration.plugins())  # noqa: PLW0108 (read on first use)
        self._given_options = platforms or {}
        self._platforms: dict[str, PlatformProxy] = {}
        self._addresses = Addresses()

    @cached_property
    def configuration(self) -> configuration.Configuration:
        """The settings files and variables, read once."""
        return configuration.load(self.directory, self.environ)

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace; its folder may not exist yet. Raises SettingsError if it cannot be read."""
        named = self.configuration.option("workspace").value
        found = Workspace(find_workspace(self.directory, named), self.configuration.workspace_mode())
        found.open()
        return found

    @cached_property
    def _hashes(self) -> HashCache:
        """The digests of source files: what a plan has read, a run does not read again."""
        return HashCache(self.workspace.root)

    def platform(self, name: str | None = None) -> PlatformProxy:
        """Return the platform of that name; the configured one by default. Contacts nothing.

        Raises NotFoundError, PluginError if it cannot be loaded, SettingsError for a wrong option.
        """
        name = name or self.configuration.option("on").value
        if name not in self._platforms:
            self._platforms[name] = load_platform(
                self.plugins,
                name,
                options=self.resolve_options(name),
                workspace=self.workspace,
                directory=self.directory,
                configuration=self.configuration,
            )
        return self._platforms[name]

    def settings(self, recipe: str) -> tuple[Setting, ...]:
        """Return the settings that the recipe declares. Raises NotFoundError, PluginError."""
        kind = load_recipe(self.plugins, recipe).settings
        return list_settings(kind) if kind else ()

    def check_settings(self, recipe: str, given: Mapping[str, Any]) -> None:
        """Check settings of the recipe, with the configured ones, without asking the recipe anything else.

        given: settings by name. Raises SettingsError for a value that is unknown or wrong, NotFoundError,
        PluginError.
        """
        loaded = load_recipe(self.plugins, recipe)
        resolve_values(self.configuration, loaded.plugin, Owner("recipe", recipe), loaded.settings, given)

    def options(self, platform: str) -> tuple[Setting, ...]:
        """Return the options that the platform declares. Raises NotFoundError, PluginError."""
        kind = options_class(self.plugins, platform)
        return list_settings(kind) if kind else ()

    def resolve_options(self, platform: str) -> Any:
        """Return the platform's options as an instance of the class that it declares; None if it declares none.

        Raises SettingsError for a value that is unknown or wrong.
        """
        given = self._given_options.get(platform, {})
        return resolve_options(self.configuration, self.plugins, platform, given)

    def describe(
        self,
        recipe: str,
        *,
        on: str | None = None,
        set: Mapping[str, Any] | None = None,  # noqa: A002
        tags: Mapping[str, str] | None = None,
        experiment: str | None = None,
    ) -> RunRequest:
        """Return what the recipe asks for at each stage, after the policies.

        on: the platform; the configured one by default. set: settings of the recipe by name. tags: of the run.
        experiment: the experiment to group the run under; the configured one, or the recipe's name, by default.
        Raises SettingsError for a wrong setting and if a policy refuses, NotFoundError, PluginError.
        """
        return self._propose(recipe, on, set, tags, experiment=experiment).request

    def plan(
        self,
        recipe: str,
        *,
        on: str | None = None,
        set: Mapping[str, Any] | None = None,  # noqa: A002
        tags: Mapping[str, str] | None = None,
        experiment: str | None = None,
        priority: int = 0,
        retries: int = 0,
        time_limit_s: float | None = None,
    ) -> Plan:
        """Return what a run would do at each stage, and why. Changes nothing.

        The arguments are those of `describe` and `run`. Raises the same errors, and StageError if a stage cannot be
        planned.
        """
        limits = {"priority": priority, "retries": retries, "time_limit_s": time_limit_s}
        return self._plan(self._propose(recipe, on, set, tags, experiment=experiment, **limits))

    def run(
        self,
        recipe: str,
        *,
        on: str | None = None,
        set: Mapping[str, Any] | None = None,  # noqa: A002
        tags: Mapping[str, str] | None = None,
        experiment: str | None = None,
        name: str | None = None,
        again: bool = False,
        priority: int = 0,
        retries: int = 0,
        time_limit_s: float | None = None,
        listener: Listener = ignore,
    ) -> Run:
        """Carry out the plan until the run is submitted, and return the run; `wait` or `follow` it to its end.

        If an earlier client exited before the end of a run of the same request, that run is continued. If a model
        with the same inputs exists, the run that trained it is returned. If the platform has a run that was started
        elsewhere from the same inputs and has not failed, that run is followed. `again` starts a new run instead.

        on, set: as for `describe`. tags: of the run, for people and for the platform's job.
        experiment: the experiment to group the run under. name: of the run, for people.
        priority: runs with a higher one leave the queue first; from -1000 to 1000. retries: how many further attempts
        start by themselves if the run is interrupted; at most 100. The plan says if the platform supports neither.
        time_limit_s: how long the script of one attempt may run, in seconds; None for the recipe's limit.
        listener: called with each event.
        Raises StageError if a stage fails, and the errors of `plan`.
        """
        limits = {"priority": priority, "retries": retries, "time_limit_s": time_limit_s}
        proposal = self._propose(recipe, on, set, tags, experiment=experiment, name=name, **limits)
        plan = self._plan(proposal, again=again)
        listener(PlanMade(plan))
        self.workspace.create()
        if not again and (found := self._find_run(plan, proposal.request, listener)):
            return found
        return self._start(proposal, listener)

    def resume(self, run_id: str, *, listener: Listener = ignore) -> Run:
        """Continue an unfinished run and return it: attach to it, submit it, or start its next attempt.

        run_id: as for `get`. The next attempt starts from the run's checkpoints.
        Raises NotFoundError; SettingsError if a policy refuses, or if dressage did not start the run; StageError if a
        stage fails.
        """
        folder = self._find_folder(run_id)
        request = folder.refresh().the_request()
        self.platform(request.platform)  # if it is broken, the error comes before anything is written
        client_lock = runs.lock_of_client(folder)
        while (
            not (is_only_client := client_lock.acquire(blocking=False)) and not folder.refresh().is_submitted
        ):
            time.sleep(_POLL_S)
        run = self._run(request, client_lock)
        with run.release_on_error():
            if is_only_client or run.status.has_ended:
                with FileLock(folder.lock("resume")):  # another process may resume it at the same time
                    continue_run(run, self.workspace, self.plugins, listener, self._inform_observers)
        return run

    def resume_all(self) -> Iterator[ResumedRun]:
        """Resume the runs that were interrupted or are queued, in the order of their submission; detach from them.

        Yields each run when it is resumed. If one cannot be resumed, its error is set, and the next one follows.
        Queued runs are submitted again, in case their queue was lost; this has no effect on those that were not.
        """
        from dressage.engine.resuming import resume_runs

        return resume_runs(self.workspace, self.get, self.resume)

    def get(self, run_id: str, *, on: str | None = None) -> Run:
        """Return an existing run. Its platform is loaded when it is first needed; an error in it is raised then.

        If the workspace has no record of the run, and the platform keeps the runs of other machines, a record is made
        from what the platform knows.

        run_id: the run's id, its unique first or last characters, or "latest"; or the platform's id of a run.
        on: the platform to look for a run that is not recorded here; the configured one by default.
        Raises NotFoundError; UnreachableError, SettingsError or PluginError if that platform cannot be asked.
        """
        folder = self._find_folder(run_id, on)
        ensure_delivery(self.workspace.root)
        return self._run(folder.refresh().the_request())

    def runs(
        self,
        limit: int | None = None,
        *,
        tags: Mapping[str, str] | None = None,
        experiment: str | None = None,
        state: State | None = None,
        on: str | None = None,
    ) -> list[RunSummary]:
        """Return the runs in the workspace, newest first. limit: how many; None for all.

        tags: only runs that have all of these tags, with these values. experiment: only runs of this one.
        state: only runs that are in this state now.
        on: only runs on this platform; if it keeps the runs of other machines, all of its runs, no matter who started
            them.
        If a platform cannot report the status of its runs, they have their last recorded status.
        """
        from dressage.engine.listing import Listing

        ensure_delivery(self.workspace.root)
        wanted = Listing(limit=limit, tags=tags or {}, experiment=experiment, state=state, on=on)
        return wanted.read(self.workspace, self.platform, self._status)

    def export(self, run_id: str, address: str, *, progress: Progress | None = None) -> tuple[str, ...]:
        """Copy a run to an MLflow server or store. Can be repeated: what was copied before is not copied twice.

        run_id: as for `get`. address: "https://HOST" or "sqlite:///FILE". progress: called
            while it works.
        Returns what could not be copied, one line each. Raises NotFoundError, SettingsError for a wrong address,
        UnreachableError if the server cannot be reached, PluginError.
        """
        from dressage.engine.exporting import export_run

        observer = find_mirror(self.plugins, self.configuration)
        return export_run(self.get(run_id), observer, self.workspace, address, progress or (lambda *_: None))

    def download_dataset(
        self, version: DatasetVersion, target: str | Path, *, on: str | None = None, overwrite: bool = False
    ) -> tuple[str, ...]:
        """Copy the files of a dataset version to the folder `target`, and verify them.

        version: as the platform lists it. on: the platform; the configured one by default. overwrite: whether to
            replace other files.
        Returns the paths of the files. Raises SettingsError if another file or a link is in the way; StageError,
        UnreachableError.
        """
        platform = self.platform(on).datasets
        return _download_version(version, target, platform.download, overwrite=overwrite)

    def download_model(
        self, version: ModelVersion, target: str | Path, *, on: str | None = None, overwrite: bool = False
    ) -> tuple[str, ...]:
        """Copy the files of a model version to the folder `target`, as `download_dataset` does."""
        return _download_version(version, target, self.platform(on).models.download, overwrite=overwrite)

    def plugin_statuses(self) -> "list[PluginStatus]":
        """Load every plugin and return its status: policies first, in the order in which they are applied.

        The status of an observer says whether it is enabled, and whether events wait for it.
        """
        from dressage.delivery.standings import add_standings
        from dressage.hooks.statuses import list_statuses

        statuses = list_statuses(self.plugins)
        return list(add_standings(statuses, self.plugins, self.configuration, self.workspace.root))

    def find_damage(self) -> "Iterator[Damage]":
        """Yield the files of the workspace that are damaged, each with what to do. Changes nothing."""
        from dressage.engine.inspection import find_damage

        return find_damage(self.workspace)

    def copy_recipe(
        self,
        recipe: str,
        name: str,
        *,
        set: Mapping[str, Any] | None = None,  # noqa: A002
        folder: Path | None = None,
    ) -> "Created":
        """Write the package of a new recipe, which is a copy of an installed one, with its scripts and data.

        name: of the new recipe. set: settings that the recipe needs; the copy's tests use them.
        folder: default: dressage-NAME in the current folder.
        Raises SettingsError if the recipe cannot be copied, and for a name or folder that cannot be used;
        NotFoundError, PluginError.
        """
        from dressage.engine.recipe_copies import copy_recipe

        return copy_recipe(self.plugins, recipe, name, set or {}, folder)

    def _propose(
        self,
        recipe: str,
        on: str | None,
        given: Mapping[str, Any] | None,
        tags: Mapping[str, str] | None,
        **named: Any,
    ) -> Proposal:
        return make_proposal(
            recipe,
            self.plugins,
            self.configuration,
            lambda: self.platform(on),
            self._hashes,
            self._addresses,
            given=given or {},
            tags=tags or {},
            **{"experiment": None, "name": None, **named},
        )

    def _plan(self, proposal: Proposal, *, again: bool = False) -> Plan:
        request, judgement = proposal.request, proposal.judgement
        changes = judgement.changes
        return Plan(
            recipe=request.recipe,
            platform=request.platform,
            experiment=request.experiment,
            settings=request.settings,
            tags=request.tags,
            tags_changed_by=change_lines(changes.get("tags", ())),
            stages=plan_stages(proposal.platform, self.workspace, request, changes, again=again),
            policies=tuple(judgement.policies),
            disabled_policies=judgement.disabled,
            left_out=proposal.left_out,
        )

    def _find_run(self, plan: Plan, request: RunRequest, listener: Listener) -> Run | None:
        """Return an existing run for the request; None if a new run is needed."""
        planned = (stage.key for stage in plan.stages if stage.stage == "dataset")
        datasets = dict(zip(request.datasets, planned, strict=False))
        if found := find_run_to_continue(self.workspace, request.key, datasets, self._status):
            run_id, reason = found
            recorded = self.workspace.run(run_id).refresh().the_request()
            listener(RunFound(run_id, reason, describe_ignored(request, recorded)))
            return self.resume(run_id, listener=listener)
        stage = plan.stage("model")
        if stage.run_id is None or not self._has_record(stage.run_id, request.platform):
            return None
        if stage.action == "follow":
            snapshots.keep_current(
                request.snapshot, self.workspace.snapshots, self._hashes
            )  # for its next attempt
            recorded = self.workspace.run(stage.run_id).refresh().the_request()
            listener(RunFound(stage.run_id, STARTED_ELSEWHERE, describe_ignored(request, recorded)))
            return self.resume(stage.run_id, listener=listener)
        run = self.get(stage.run_id)
        run.is_offline = (
            run.request.platform != request.platform
        )  # the other platform may be broken or uninstalled
        listener(RunFound(run.id, "reused", describe_ignored(request, run.request)))
        return run

    def _has_record(self, run_id: str, platform: str) -> bool:
        """Return whether the workspace has a record of the run, made from what the platform knows if need be."""
        if self.workspace.run(run_id).path.is_dir():
            return True
        return adopt(self.workspace, run_id, self.platform(platform)) is not None

    def _find_folder(self, run_id: str, on: str | None = None) -> RunFolder:
        return find_or_adopt(self.workspace, run_id, lambda: self.platform(on))

    def _start(self, proposal: Proposal, listener: Listener) -> Run:
        """Create a run and submit its first attempt."""
        run_id = new_run_id(proposal.request.recipe, self.workspace.runs)
        folder = self.workspace.run(run_id)
        client_lock = runs.lock_of_client(folder)
        client_lock.acquire()
        kept = snapshots.keep_current(
            proposal.request.snapshot,
            self.workspace.snapshots,
            self._hashes,
            needed=proposal.request.script.file,
        )
        request = replace(proposal.request, run_id=run_id, snapshot=kept.snapshot)
        run = self._run(request, client_lock)
        with run.release_on_error():
            self.workspace.open_runs.add(run_id, request.key)  # first: a run with a journal must be findable
            folder.create(to_json(request), to_json(proposal.judgement))
            self._inform_observers(run_id)
            listener(RunCreated(run_id, kept.changes))
            submit_attempt(run, 1, listener)
        return run

    def _inform_observers(self, run_id: str) -> None:
        """Have the run's events delivered to the active observers."""
        register_observers(self.workspace, run_id, lambda: self._active_observers, self.directory)

    @cached_property
    def _active_observers(self) -> tuple[Active, ...]:
        active = tuple(find_active(self.plugins, self.configuration))
        warn_unusable(active)
        return active

    def _run(self, request: RunRequest, client_lock: FileLock | None = None) -> Run:
        """Create the object of a run. Its platform is loaded on first use: the record is readable without it."""
        return Run(
            self.workspace, lambda: self.platform(request.platform), request, client_lock, self._addresses
        )

    def _status(self, run_id: str) -> RunStatus:
        return self.get(run_id).status


def _download_version(
    version: _Version, target: str | Path, download: Callable[[_Version, Path], None], *, overwrite: bool
) -> tuple[str, ...]:
    from dressage.storage.destinations import download_into

    label = f"{version.name}:{version.version}"
    return download_into(
        Path(target), label, version.files, lambda staged: download(version, staged), overwrite=overwrite
    )
