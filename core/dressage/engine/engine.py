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
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from pluggy import PluginManager

from dressage.engine import runs
from dressage.engine.judging import judge_again
from dressage.engine.planning import change_lines, plan_stages
from dressage.engine.platforms import with_defaults
from dressage.engine.runs import Run
from dressage.engine.stages import Conductor
from dressage.errors import SettingsError
from dressage.files.encoding import to_json
from dressage.files.locks import FileLock, is_locked
from dressage.hooks.calls import PluginId, call_plugin
from dressage.hooks.declarations import ask_declaration
from dressage.hooks.plugins import Plugins
from dressage.hooks.policies import list_disabled_policies, load_policies
from dressage.hooks.proxy import PlatformProxy
from dressage.hooks.recipes import check_script, load_recipe
from dressage.hooks.review import Context, Review, user_name
from dressage.records.judgements import Judgement, Question
from dressage.records.requests import RunRequest, input_of
from dressage.records.run_ids import experiment_of, new_run_id
from dressage.records.run_lookup import find_run
from dressage.records.workspace import Workspace, find_workspace
from dressage.results.events import Listener, PlanMade, RunCreated, RunFound, RunSubmitted, ignore
from dressage.results.plans import Plan
from dressage.results.statuses import RunSummary
from dressage.specs import configuration
from dressage.specs.datasets import DatasetFolder
from dressage.specs.environments import Environment
from dressage.specs.settings import Owner, Setting, list_settings, resolve
from dressage.storage import snapshots

if TYPE_CHECKING:
    from dressage.hooks.statuses import PluginStatus

_LOOK_AGAIN_S = 0.1
"""How often to look whether a client that prepares a run is done, or gone."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A request as the policies judged it; nothing is touched yet."""

    request: RunRequest
    judgement: Judgement
    platform: PlatformProxy


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
        self.plugins = Plugins(lambda: self.configuration.plugins())  # noqa: PLW0108 (read when it is needed)
        self._given_options = platforms or {}
        self._platforms: dict[str, PlatformProxy] = {}

    @cached_property
    def configuration(self) -> configuration.Configuration:
        return configuration.load(self.directory, self.environ)

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace, whether or not it has been made. Raises SettingsError for one that cannot be read."""
        named = self.configuration.option("workspace").value
        found = Workspace(find_workspace(self.directory, named))
        found.open()
        return found

    def platform(self, name: str | None = None) -> PlatformProxy:
        """The platform of that name, the configured one by default. Contacts nothing."""
        name = name or self.configuration.option("on").value
        if name not in self._platforms:
            self._platforms[name] = self._make_platform(name)
        return self._platforms[name]

    def settings(self, recipe: str) -> tuple[Setting, ...]:
        """What the recipe lets its users set."""
        kind = load_recipe(self.plugins, recipe).settings
        return list_settings(kind) if kind else ()

    def options(self, platform: str) -> tuple[Setting, ...]:
        """What the platform lets its users set."""
        kind = self._options_class(self.plugins.manager("platform", platform), platform)
        return list_settings(kind) if kind else ()

    def resolve_options(self, platform: str) -> Any:
        """The platform's options as an instance of the class that it declares; None if it declares none.

        Raises SettingsError for a value that is unknown or wrong.
        """
        return self._options_of(self.plugins.manager("platform", platform), platform)

    def describe(
        self,
        recipe: str,
        *,
        on: str | None = None,
        set: Mapping[str, Any] | None = None,  # noqa: A002
        tags: Mapping[str, str] | None = None,
    ) -> RunRequest:
        """What the recipe asks for at each stage, policies applied."""
        return self._propose(recipe, on, set, tags).request

    def plan(
        self,
        recipe: str,
        *,
        on: str | None = None,
        set: Mapping[str, Any] | None = None,  # noqa: A002
        tags: Mapping[str, str] | None = None,
    ) -> Plan:
        """Say for each stage what a run would do and why. Changes nothing, anywhere."""
        return self._plan(self._propose(recipe, on, set, tags))

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
        listener: Listener = ignore,
    ) -> Run:
        """Carry the plan out up to the submission of the run; `wait` or `follow` see it through.

        If the same request left an unfinished run that nobody attends, that run is continued; if a model is
        there from the very same inputs, its run is the answer. `again` starts a new run all the same.
        tags: of the run, for people and for the platform's job.
        """
        proposal = self._propose(recipe, on, set, tags, experiment=experiment, name=name)
        plan = self._plan(proposal, again=again)
        listener(PlanMade(plan))
        self.workspace.create()
        if not again and (found := self._find_run(plan, proposal.request, listener)):
            return found
        return self._start(proposal, listener)

    def resume(self, run_id: str, *, listener: Listener = ignore) -> Run:
        """Bring an unfinished run to its end: attach to it, submit it, or start it again from its checkpoints.

        run_id: the whole of it, or as `get` takes it.
        """
        folder = find_run(self.workspace, run_id)
        request = folder.refresh().the_request()
        self.platform(request.platform)  # one that is broken is named before anything is written
        attended = runs.lock_of_client(folder)
        while not (alone := attended.acquire(blocking=False)) and not folder.refresh().is_submitted:
            time.sleep(_LOOK_AGAIN_S)
        run = self._run(request, attended)
        with run.release_on_error():
            if alone or run.status.has_ended:
                with FileLock(folder.lock("resume")):  # another may resume it at this moment
                    self._continue(run, listener)
        return run

    def get(self, run_id: str) -> Run:
        """The run of that id, to look at. Raises NotFoundError.

        Its platform is not asked yet: one that is broken, or gone, raises once it is.

        run_id: the whole of it, a beginning or an end that only one run has, or "latest".
        """
        folder = find_run(self.workspace, run_id)
        return self._run(folder.refresh().the_request())

    def runs(self, limit: int | None = None) -> list[RunSummary]:
        """The runs in the workspace, the newest first. A platform that cannot say how its runs stand hides none."""
        from dressage.engine.listing import look_at
        from dressage.records.index import RunIndex

        summaries = RunIndex(self.workspace).summaries()[:limit]
        return look_at(summaries, lambda run_id: self.get(run_id).status)

    def plugin_statuses(self) -> "list[PluginStatus]":
        """Every plugin, loaded to see whether it can be; policies first, in the order they are applied."""
        from dressage.hooks.statuses import list_statuses

        return list_statuses(self.plugins)

    def _propose(
        self,
        recipe: str,
        on: str | None,
        given: Mapping[str, Any] | None,
        tags: Mapping[str, str] | None = None,
        *,
        experiment: str | None = None,
        name: str | None = None,
    ) -> Proposal:
        given_tags = _check_tags(tags or {})
        loaded, policies = load_recipe(self.plugins, recipe), load_policies(self.plugins)
        settings = self._resolve(loaded.plugin, Owner("recipe", recipe), loaded.settings, given or {})
        recorded_settings = to_json(settings) if settings is not None else {}
        platform = self.platform(on)
        context = Context(
            settings=recorded_settings or None,
            recipe=recipe,
            platform=platform.name,
            experiment=experiment_of(experiment or self.configuration.option("experiment").value, recipe),
            tags=given_tags,
            user=user_name(),
        )

        def answer(question: Question, arguments: Mapping[str, Any]) -> Any:
            found = loaded.answer(question, {"settings": settings, **arguments})
            return {**found, **given_tags} if question == "tags" else found

        review = Review(answer, policies, context)
        described = review.describe(platform.compute.resolve)
        check_script(recipe, described["model"])
        self._check_secrets(described["environment"])
        limit_mb = self.configuration.option("snapshot_limit_mb").value
        request = RunRequest(
            recipe=recipe,
            platform=platform.name,
            experiment=context.experiment,
            name=name,
            settings=recorded_settings,
            snapshot=snapshots.take(described["model"].script.directory, limit_mb=limit_mb),
            **described,
        )
        for argument in request.script.arguments:
            if isinstance(argument, DatasetFolder):
                input_of(argument, request.datasets)
        judgement = Judgement(
            before=review.before,
            given_tags=given_tags,
            policies={policy.name: policy.plugin.source for policy in policies},
            disabled=list_disabled_policies(self.plugins),
            changes=review.changes,
        )
        return Proposal(request, judgement, platform)

    def _plan(self, proposal: Proposal, *, again: bool = False) -> Plan:
        request, judgement = proposal.request, proposal.judgement
        changes = judgement.changes
        return Plan(
            recipe=request.recipe,
            platform=request.platform,
            settings=request.settings,
            tags=request.tags,
            tags_changed_by=change_lines(changes.get("tags", ())),
            stages=plan_stages(proposal.platform, self.workspace, request, changes, again=again),
            policies=tuple(judgement.policies),
            disabled_policies=judgement.disabled,
        )

    def _make_platform(self, name: str) -> PlatformProxy:
        manager, plugin = self.plugins.manager("platform", name), self.plugins.identify("platform", name)
        arguments = {
            "workspace": self.workspace,
            "directory": self.directory,
            "options": self._options_of(manager, name),
        }
        platform = call_plugin(plugin, "platform", lambda: manager.hook.platform(**arguments))
        if platform is None:
            raise plugin.error("platform", "returned nothing; a platform plugin returns a platform")
        return with_defaults(plugin, platform, self.workspace, self.configuration)

    def _options_of(self, manager: PluginManager, name: str) -> Any:
        plugin, kind = self.plugins.identify("platform", name), self._options_class(manager, name)
        return self._resolve(plugin, Owner("platform", name), kind, self._given_options.get(name, {}))

    def _options_class(self, manager: PluginManager, name: str) -> type | None:
        return ask_declaration(manager, self.plugins.identify("platform", name), "options")

    def _resolve(self, plugin: PluginId, owner: Owner, kind: type | None, given: Mapping[str, Any]) -> Any:
        """Return an instance of the declared class. given: values that go before the configured ones."""
        names = tuple(item.name for item in fields(kind)) if kind else ()
        configured = self.configuration.values(owner, names)
        given = {name.replace("-", "_"): value for name, value in given.items()}
        values = {name: found.value for name, found in configured.items()} | given
        origins = {name: found.origin for name, found in configured.items() if name not in given}
        return call_plugin(plugin, f"its {owner.noun}s", lambda: resolve(owner, kind, values, origins))

    def _check_secrets(self, environment: Environment) -> None:
        """The script gets their values from the variables of this process; nothing keeps them."""
        for name in environment.secrets:
            if name not in os.environ:
                raise SettingsError(
                    f"environment {environment.name!r} needs the secret {name}, and there is no such variable here;"
                    f" set it: export {name}=..."
                )

    def _find_run(self, plan: Plan, request: RunRequest, listener: Listener) -> Run | None:
        """The run that answers the request, if there is one."""
        for run_id in self.workspace.open_runs(request.key):
            if reason := self._orphaned(run_id):
                listener(RunFound(run_id, reason))
                return self.resume(run_id, listener=listener)
        made_by = plan.stage("model").run_id
        if made_by and self.workspace.run(made_by).path.is_dir():
            run = self.get(made_by)
            run.is_offline = run.request.platform != request.platform  # that one may be broken, or gone
            listener(RunFound(made_by, "reused", _differing(request, run.request)))
            return run
        return None

    def _orphaned(self, run_id: str) -> str | None:
        """Why the open run should be continued; None if someone sees to it or it has ended."""
        folder = self.workspace.run(run_id)
        record = folder.refresh()
        if record.request is None or is_locked(folder.lock("client")):
            return None
        status = self.get(run_id).status
        if status.has_ended and not status.interrupted:
            named = record.the_request().model.name
            done = status.state != "Completed" or record.model or not named
            if done:
                self.workspace.forget(run_id)
            return None if done else "its model is not registered yet"
        if status.interrupted:
            return status.reason or "it was interrupted"
        return None if record.detached else "its client process exited"

    def _start(self, proposal: Proposal, listener: Listener) -> Run:
        run_id = new_run_id(proposal.request.recipe, self.workspace.runs)
        folder = self.workspace.run(run_id)
        attended = runs.lock_of_client(folder)
        attended.acquire()
        kept = snapshots.keep(proposal.request.snapshot, self.workspace.snapshots)
        request = replace(proposal.request, run_id=run_id, snapshot=kept)
        run = self._run(request, attended)
        with run.release_on_error():
            self.workspace.remember(run_id, request.key)  # first: what is in the journal must be found again
            folder.create(to_json(request), to_json(proposal.judgement))
            listener(RunCreated(run_id))
            self._submit(run, 1, listener)
        return run

    def _run(self, request: RunRequest, attended: FileLock | None = None) -> Run:
        """Its platform is made when it is asked for: what is recorded of a run can be had without."""
        return Run(self.workspace, lambda: self.platform(request.platform), request, attended)

    def _continue(self, run: Run, listener: Listener) -> None:
        """Do what is left to do before the run can continue without us."""
        status = run.status
        record = run.folder.refresh()
        if not record.is_submitted:
            self._judge_again(run)
            run.folder.enter(record.attempt, "Preparing")
            self._submit(run, record.attempt, listener)
        elif status.state in ("Failed", "Canceled"):
            self._judge_again(run)
            attempt = record.attempt + 1
            run.folder.resume(attempt)
            self.workspace.remember(run.id, run.request.key)
            self._submit(run, attempt, listener)

    def _judge_again(self, run: Run) -> None:
        """Nothing is written where the policies say what they said before."""
        recorded = run.folder.refresh().the_judgement()
        policies, disabled = load_policies(self.plugins), list_disabled_policies(self.plugins)
        request, judgement = judge_again(
            run.request, recorded, policies, disabled, run.platform.compute.resolve
        )
        if (request, judgement) != (run.request, recorded):
            run.folder.judge(to_json(request), to_json(judgement))
            run.request = request

    def _submit(self, run: Run, attempt: int, listener: Listener) -> None:
        self._check_secrets(run.request.environment)
        conductor = Conductor(run.request, run.platform, run.folder, listener)
        conductor.submit(conductor.prepare(attempt))
        listener(RunSubmitted(run.id, attempt))


def _check_tags(tags: Mapping[Any, Any]) -> dict[str, str]:
    """The tags. Raises SettingsError for one that is not text."""
    for name, value in tags.items():
        if not (isinstance(name, str) and isinstance(value, str)):
            raise SettingsError(f"tag {name!r} is {value!r}; names and values are text")
    return dict(tags)


def _differing(new: RunRequest, old: RunRequest) -> str | None:
    """What a reused run has otherwise than it was asked for now: "name and tags"."""
    names = [name for name in ("name", "experiment") if getattr(new, name) not in (None, getattr(old, name))]
    if not new.tags.items() <= old.tags.items():
        names.append("tags")
    return " and ".join(names) or None
