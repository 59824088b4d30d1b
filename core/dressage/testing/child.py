"""The part of a test that runs in another process, which can be killed just before one of its changes."""

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from dressage import ComputeTarget, Engine, Environment, FileDataset, SettingsError
from dressage.files.encoding import from_json, to_json
from dressage.testing.changes import watch_changes
from dressage.testing.memory import MemoryPlatform
from dressage.testing.recipe import GivenRecipe

Action = Callable[[Engine, str, Any], Any]


def main() -> None:
    """Carry out the action that the arguments describe, and print the number of changes and the result as JSON."""
    order = json.loads(sys.argv[1])
    counter = _Counter(order["kill_at"])
    engine = Engine(Path(order["project"]))
    with watch_changes(counter):
        answer = ACTIONS[order["action"]](engine, order["platform"], order["argument"])
    print(json.dumps({"changes": counter.count, "answer": answer}))  # noqa: T201


class _Watch:
    """Notes the changes during the calls of hooks."""

    def __init__(self, changes: list[str]) -> None:
        self._changes = changes
        self._watching = ExitStack()

    def begin(self, *_: object) -> None:
        self._watching.enter_context(watch_changes(self._changes.append))

    def end(self, *_: object) -> None:
        self._watching.close()


class _Counter:
    """Counts changes and kills this process just before the `kill_at`-th; None to count only."""

    def __init__(self, kill_at: int | None) -> None:
        self.count = 0
        self._kill_at = kill_at

    def __call__(self, change: str) -> None:
        self.count += 1
        if self.count == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


def _submit(engine: Engine, platform: str, run_id: str) -> None:
    submission = engine.workspace.run(run_id).refresh().the_submission()
    assert submission
    engine.platform(platform).runs.submit(submission)


def _run(engine: Engine, platform: str, recipe: Mapping[str, Any]) -> str:
    engine.plugins.add("recipe", "kit", GivenRecipe.from_json(recipe))
    run = engine.run("kit", on=platform)
    run.wait()
    return run.id


def _finish(engine: Engine, platform: str, run_id: str) -> None:
    engine.resume(run_id).wait()


def _ensure_dataset(engine: Engine, platform: str, dataset: Any) -> Any:
    wanted = from_json(FileDataset, dataset)
    return to_json(engine.platform(platform).datasets.ensure(wanted, _ignore))


def _ensure_compute(engine: Engine, platform: str, target: Any) -> Any:
    wanted = from_json(ComputeTarget, target)
    return to_json(engine.platform(platform).compute.ensure(wanted, _ignore))


def _ensure_environment(engine: Engine, platform: str, environment: Any) -> Any:
    wanted = from_json(Environment, environment)
    return to_json(engine.platform(platform).environments.ensure(wanted, _ignore))


def _describe(engine: Engine, platform: str, order: Any) -> Any:
    """Describe a run, and return what one plugin's hooks and its import change, and which modules are imported.

    order: the plugin's kind and name; for a recipe its settings, for a policy the tags of the run.
    """
    kind, name, given = order
    changes: list[str] = []
    engine.plugins.add("platform", platform, MemoryPlatform())
    with watch_changes(changes.append):
        manager = engine.plugins.manager(kind, name)
    watch = _Watch(changes)
    manager.add_hookcall_monitoring(watch.begin, watch.end)
    if kind == "recipe":
        engine.describe(name, on=platform, set=given)
    else:
        from dressage.testing.policies import make_recipes

        engine.plugins.add("recipe", "kit", make_recipes(engine.directory)["full"])
        with suppress(SettingsError):  # it refuses
            engine.describe("kit", on=platform, tags=given)
    return {"changes": changes, "modules": sorted({module.partition(".")[0] for module in sys.modules})}


def _ignore(what: str, done: int, total: int | None) -> None: ...


ACTIONS: Mapping[str, Action] = {
    "submit": _submit,
    "run": _run,
    "finish": _finish,
    "dataset": _ensure_dataset,
    "compute": _ensure_compute,
    "environment": _ensure_environment,
    "describe": _describe,
}
