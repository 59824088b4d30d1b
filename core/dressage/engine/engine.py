"""The engine: resolve the settings, ask the recipe, ask the platform to plan, carry the plan out.

    engine = Engine()
    for stage in engine.plan("keras-mnist", set={"epochs": 5}).stages:
        print(stage.stage, stage.action, *stage.reasons)
    run = engine.run("keras-mnist", set={"epochs": 5})
    for output in run.logs(follow=True): ...
    run.wait()

Nothing is kept at module level: several engines in one process do not meet. Calls block; inside an event
loop, hand them to a thread (`await asyncio.to_thread(engine.run, "keras-mnist")`).
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from dressage.engine import runs, stages
from dressage.engine.runs import Run
from dressage.errors import DressageError, PluginError
from dressage.files.encoding import to_json
from dressage.files.locks import FileLock, is_locked
from dressage.hooks import recipes
from dressage.hooks.declarations import ask_declaration
from dressage.hooks.plugins import Plugins, asked
from dressage.hooks.recipes import Described
from dressage.platforms.protocols import Platform
from dressage.records.jobs import Job, experiment_of, new_run_id
from dressage.records.record import journal_of, read_record
from dressage.records.run_lookup import find_run
from dressage.records.workspace import Workspace, find_workspace
from dressage.results.events import Listener, PlanMade, RunCreated, RunFound, RunSubmitted, ignore
from dressage.results.plans import Plan
from dressage.results.statuses import RunSummary
from dressage.results.versions import Snapshot
from dressage.specs import configuration
from dressage.specs.settings import Owner, Setting, declared, resolve
from dressage.storage import snapshots

_LOOK_AGAIN_S = 0.1
"""How often to look whether a client that prepares a run is done, or gone."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request, resolved and planned; nothing touched yet."""

    plan: Plan
    described: Described
    snapshot: Snapshot
    platform: Platform

    def job(self, experiment: str, name: str | None) -> Job:
        """The request without a run."""
        return Job(
            run_id="",
            recipe=self.plan.recipe,
            platform=self.plan.platform,
            experiment=experiment,
            name=name,
            settings=self.plan.settings,
            dataset=self.described.dataset,
            compute=self.described.compute,
            environment=self.described.environment,
            model=self.described.model,
            snapshot=self.snapshot,
        )


class Engine:
    """directory: where settings files and the workspace are looked for, upward; the current one by default.

    environ: what DRESSAGE_* variables are read from. platforms: options of platforms, by the platform's name; they
    go before variables and settings files.
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
        self.plugins = Plugins()
        self._given_options = platforms or {}
        self._platforms: dict[str, Platform] = {}

    @cached_property
    def configuration(self) -> configuration.Configuration:
        return configuration.load(self.directory, self.environ)

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace, whether or not it has been made. Raises SettingsError for one that cannot be read."""
        named = self.configuration.option("workspace").value
        found = Workspace(root=find_workspace(self.directory, named))
        found.check()
        return found

    def platform(self, name: str | None = None) -> Platform:
        """The platform of that name, the configured one by default. Contacts nothing."""
        name = name or self.configuration.option("on").value
        if name not in self._platforms:
            self._platforms[name] = self._make_platform(name)
        return self._platforms[name]

    def settings(self, recipe: str) -> tuple[Setting, ...]:
        """What the recipe lets its users set."""
        kind = recipes.load(self.plugins, recipe).settings
        return declared(kind) if kind else ()

    def options(self, platform: str) -> tuple[Setting, ...]:
        """What the platform lets its users set."""
        kind = ask_declaration(self.plugins.manager("platform", platform), platform, "options")
        return declared(kind) if kind else ()

    def describe(
        self,
        recipe: str,
        *,
        on: str | None = None,
        set: Mapping[str, Any] | None = None,  # noqa: A002
    ) -> Described:
        """What the recipe asks for at each stage, wrappers applied."""
        return self._prepared(recipe, on, set or {}).described

    def plan(
        self,
        recipe: str,
        *,
        on: str | None = None,
        set: Mapping[str, Any] | None = None,  # noqa: A002
    ) -> Plan:
        """Say for each stage what a run would do and why. Changes nothing, anywhere."""
        return self._prepared(recipe, on, set or {}).plan

    def run(
        self,
        recipe: str,
        *,
        on: str | None = None,
        set: Mapping[str, Any] | None = None,  # noqa: A002
        experiment: str | None = None,
        name: str | None = None,
        again: bool = False,
        listener: Listener = ignore,
    ) -> Run:
        """Carry the plan out up to the submission of the run; `wait` or `follow` see it through.

        If the same request left an unfinished run that nobody attends, that run is continued; if a model is
        there from the very same inputs, its run is the answer. `again` starts a new run all the same.
        """
        experiment = experiment_of(experiment or self.configuration.option("experiment").value, recipe)
        prepared = self._prepared(recipe, on, set or {})
        listener(PlanMade(prepared.plan))
        self.workspace.create()
        job = prepared.job(experiment, name)
        if not again and (found := self._found(prepared.plan, job.key, listener)):
            return found
        return self._start(job, listener)

    def resume(self, run_id: str, *, listener: Listener = ignore) -> Run:
        """Bring an unfinished run to its end: attach to it, submit it, or start it again from its checkpoints.

        run_id: the whole of it, or as `get` takes it.
        """
        run_id, record = find_run(self.workspace, run_id)
        job = record.the_job()
        platform, attended = self.platform(job.platform), runs.attendance(self.workspace, run_id)
        while not (alone := attended.acquire(blocking=False)) and not record.is_submitted:
            time.sleep(_LOOK_AGAIN_S)
            record = read_record(self.workspace.run(run_id))
        run = Run(self.workspace, platform, job, attended)
        with run.released_on_error():
            if alone or run.status.has_ended:
                with FileLock(run.folder / "resume.lock"):  # another may resume it at this moment
                    self._continue(run, listener)
        return run

    def get(self, run_id: str) -> Run:
        """The run of that id, to look at. Raises NotFoundError.

        run_id: the whole of it, a beginning or an end that only one run has, or "latest".
        """
        _, record = find_run(self.workspace, run_id)
        job = record.the_job()
        return Run(self.workspace, self.platform(job.platform), job)

    def runs(self, limit: int | None = None) -> list[RunSummary]:
        """The runs in the workspace, the newest first."""
        from dressage.records.index import RunIndex

        return [self._current(summary) for summary in RunIndex(self.workspace).summaries()[:limit]]

    def _prepared(self, recipe: str, on: str | None, given: Mapping[str, Any]) -> Prepared:
        loaded = recipes.load(self.plugins, recipe)
        settings = self._resolve(Owner("recipe", recipe), loaded.settings, given)
        name = on or self.configuration.option("on").value
        platform = self.platform(name)
        described = loaded.describe(
            settings, lambda target: asked(name, "compute.resolve", lambda: platform.compute.resolve(target))
        )
        limit_mb = self.configuration.option("snapshot_limit_mb").value
        snapshot = snapshots.take(described.model.directory, limit_mb=limit_mb)
        plan = Plan(
            recipe=recipe,
            platform=name,
            settings=to_json(settings) if settings is not None else {},
            stages=stages.planned(platform, name, described, snapshot),
        )
        return Prepared(plan, described, snapshot, platform)

    def _make_platform(self, name: str) -> Platform:
        manager = self.plugins.manager("platform", name)
        kind = ask_declaration(manager, name, "options")
        options = self._resolve(Owner("platform", name), kind, self._given_options.get(name, {}))
        arguments = {"workspace": self.workspace, "directory": self.directory, "options": options}
        platform: Platform | None = asked(name, "platform", lambda: manager.hook.platform(**arguments))
        if platform is None:
            raise PluginError(name, "platform", "answered nothing; a platform plugin answers with a platform")
        return platform

    def _resolve(self, owner: Owner, kind: type | None, given: Mapping[str, Any]) -> Any:
        """Return an instance of the declared class. given: values that go before the configured ones."""
        names = tuple(item.name for item in fields(kind)) if kind else ()
        configured = self.configuration.values(owner, names)
        given = {name.replace("-", "_"): value for name, value in given.items()}
        values = {name: found.value for name, found in configured.items()} | given
        origins = {name: found.origin for name, found in configured.items() if name not in given}
        return resolve(owner, kind, values, origins)

    def _found(self, plan: Plan, key: str, listener: Listener) -> Run | None:
        """The run that answers the request already, if there is one."""
        for run_id in runs.still_open(self.workspace, key):
            if reason := self._orphaned(run_id):
                listener(RunFound(run_id, reason))
                return self.resume(run_id, listener=listener)
        made_by = plan.stage("model").run_id
        if plan.reuses_everything and made_by and self.workspace.run(made_by).is_dir():
            listener(RunFound(made_by, "reused"))
            return self.get(made_by)
        return None

    def _orphaned(self, run_id: str) -> str | None:
        """Why the open run should be continued; None if someone sees to it or it has ended."""
        record = read_record(self.workspace.run(run_id))
        if record.job is None or is_locked(self.workspace.run(run_id) / "client.lock"):
            return None
        status = self.get(run_id).status
        if status.has_ended and not status.interrupted:
            done = status.state != "Completed" or record.model or not record.the_job().model.name
            if done:
                runs.forget(self.workspace, run_id)
            return None if done else "its model is not registered yet"
        if status.interrupted:
            return status.reason or "it was interrupted"
        return None if record.detached else "its client is gone"

    def _start(self, job: Job, listener: Listener) -> Run:
        run_id = new_run_id(job.recipe, self.workspace.runs)
        attended = runs.attendance(self.workspace, run_id)
        attended.acquire()
        kept = snapshots.keep(job.snapshot, self.workspace.root / "snapshots")
        job = replace(job, run_id=run_id, snapshot=kept)
        run = Run(self.workspace, self.platform(job.platform), job, attended)
        with run.released_on_error():
            runs.remember(self.workspace, job)  # first: what is in the journal must be found again
            journal_of(run.folder).append("run.created", job=to_json(job))
            listener(RunCreated(run_id))
            self._submit(run, 1, listener)
        return run

    def _continue(self, run: Run, listener: Listener) -> None:
        """Do what is left to do before the run can go on by itself."""
        record, status = read_record(run.folder), run.status
        journal = journal_of(run.folder)
        if not record.is_submitted:
            journal.append("state", state="Preparing", attempt=record.attempt)
            self._submit(run, record.attempt, listener)
        elif status.state in ("Failed", "Canceled"):
            journal.append("run.resumed", attempt=record.attempt + 1)
            runs.remember(self.workspace, run.job)
            self._submit(run, record.attempt + 1, listener)

    def _submit(self, run: Run, attempt: int, listener: Listener) -> None:
        conductor = stages.Conductor(run.job, run.platform, journal_of(run.folder), listener)
        conductor.submit(conductor.prepare(attempt))
        listener(RunSubmitted(run.id, attempt))

    def _current(self, summary: RunSummary) -> RunSummary:
        """A run that had not ended when its journal was last written may have by now."""
        if summary.status.has_ended:
            return summary
        try:
            return replace(summary, status=self.get(summary.run_id).status)
        except DressageError:
            return summary  # its platform is out of reach; the journal's word stands
