"""Start scripts on the platform that is tested."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from dressage import (
    ComputeTarget,
    DatasetFolder,
    Engine,
    Environment,
    FileDataset,
    Model,
    NotFoundError,
    Script,
    UnreachableError,
)
from dressage.engine.runs import Run
from dressage.hooks.proxy import PlatformProxy
from dressage.records.requests import Submission
from dressage.results.statuses import RunStatus
from dressage.testing.recipe import Answers, GivenRecipe

_PAUSE_S = 0.02
"""Seconds between two looks at a log."""


class Finished:
    """A run that has ended, its status and its log."""

    def __init__(self, run: Run, patience_s: float) -> None:
        self.run = run
        self.status: RunStatus = run.wait(timeout_s=patience_s)
        assert self.status.has_ended, f"{run.id} has not ended after {patience_s:g} s: {self.status}"

    @property
    def log(self) -> bytes:
        return read_log(self.run)


class Runner:
    """Starts scripts.

    project: the folder of the engine. target, environment: where and in what scripts run by default.
    patience_s: how long a run may take, in seconds.
    """

    def __init__(
        self, project: Path, platform: str, target: ComputeTarget, environment: Environment, patience_s: float
    ) -> None:
        self.project, self.name, self.patience_s = project, platform, patience_s
        self._target, self._environment = target, environment
        self._count = 0
        self.engine = Engine(project)

    @property
    def platform(self) -> PlatformProxy:
        return self.engine.platform(self.name)

    def recipe(
        self,
        text: str,
        *arguments: str | DatasetFolder,
        files: Mapping[str, str] | None = None,
        datasets: Mapping[str, FileDataset] | None = None,
        model: str | None = None,
        target: Mapping[str, Any] | None = None,
        script: Mapping[str, Any] | None = None,
        **environment: Any,
    ) -> GivenRecipe:
        """Return a recipe for a script in a new folder.

        text: of the script. files: more files of its folder, by path. model: the name to register its model under.
        target, script, environment: other fields of the descriptions than the default ones.
        """
        self._count += 1
        folder = self.project.parent / f"source-{self._count}"
        folder.mkdir()
        for path, content in {"train.py": text, **(files or {})}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content)
        described = Script(directory=folder, file="train.py", arguments=arguments)
        return GivenRecipe(
            Answers(
                target=replace(self._target, **(target or {})),
                software=replace(self._environment, **environment),
                trained=Model(name=model, script=replace(described, **(script or {}))),
                datasets=datasets or {},
            )
        )

    def start(self, text: str, *arguments: str | DatasetFolder, **described: Any) -> Run:
        """Submit a script and return its run. described: as for `recipe`."""
        return self.start_recipe(self.recipe(text, *arguments, **described))

    def start_recipe(self, recipe: GivenRecipe, **options: Any) -> Run:
        """Submit the run of a recipe. options: as for `Engine.run`."""
        self.engine.plugins.add("recipe", "kit", recipe)
        return self.engine.run("kit", on=self.name, again=True, **options)

    def finish(self, text: str, *arguments: str | DatasetFolder, **described: Any) -> Finished:
        """Run a script to its end. described: as for `recipe`."""
        return Finished(self.start(text, *arguments, **described), self.patience_s)

    def prepare(self, text: str, *arguments: str | DatasetFolder, **described: Any) -> Submission:
        """Carry out the stages before a run, and return what the platform would get; it gets nothing yet.

        The engine believes that the run is submitted.
        """
        held = _Held(self.platform.runs)
        self._submit_to(held, self.recipe(text, *arguments, **described)).release()
        return held.submissions[0]

    def lose_answer(self, text: str) -> str:
        """Submit a script as a client that is killed before it has the platform's answer. Returns the run's id."""
        lossy = _Lossy(self.platform.runs)
        with suppress(UnreachableError):
            self._submit_to(lossy, self.recipe(text))
        return lossy.submissions[0].run_id

    def _submit_to(self, runs: "_Held", recipe: GivenRecipe) -> Run:
        """Run a recipe with other `runs` of the platform, in an engine that nobody else has."""
        engine = Engine(self.project)
        engine.platform(self.name).__dict__["runs"] = runs
        engine.plugins.add("recipe", "kit", recipe)
        return engine.run("kit", on=self.name, again=True)

    def find(self, run_id: str) -> Run:
        """Return a run as another client sees it, which has just been started."""
        return Engine(self.project).get(run_id)

    def end_all(self) -> None:
        """Cancel the runs that have not ended."""
        for summary in Engine(self.project).runs():
            if not summary.status.has_ended:
                with suppress(NotFoundError):  # prepared, and never submitted
                    run = self.find(summary.run_id)
                    run.cancel()
                    run.wait(timeout_s=self.patience_s)


class _Held:
    """The runs of a platform that get no submissions."""

    def __init__(self, runs: Any) -> None:
        self._runs = runs
        self.submissions: list[Submission] = []

    def submit(self, submission: Submission) -> None:
        self.submissions.append(submission)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runs, name)


class _Lossy(_Held):
    """The runs of a platform whose answers to submissions are lost."""

    def submit(self, submission: Submission) -> None:
        super().submit(submission)
        self._runs.submit(submission)
        raise UnreachableError("model", "the answer was lost")


def read_log(run: Run, offset: int = 0) -> bytes:
    """Return the output of a run from a byte on, as far as it is there."""
    return b"".join(run.logs(offset=offset))


def wait_for_output(run: Run, wanted: bytes, patience_s: float = 60) -> bytes:
    """Read the log until it contains the bytes; return what was read.

    Fails the test if the run ends before that, or after `patience_s` seconds.
    """
    deadline, seen, has_ended = time.monotonic() + patience_s, b"", False
    while wanted not in seen:
        assert not has_ended, (
            f"{run.id} ended ({run.status}) before it printed {wanted!r}; it printed {seen!r}"
        )
        assert time.monotonic() < deadline, f"{run.id} has not printed {wanted!r} in time, but {seen!r}"
        has_ended = run.status.has_ended  # first: what was printed before the end is read then
        seen += read_log(run, len(seen))
        time.sleep(_PAUSE_S)
    return seen
