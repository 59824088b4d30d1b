"""The suite of an observer: it takes every event, also one that it has had before."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from dressage import Engine, UnreachableError
from dressage.hooks.observers import MIRROR, Observer, load_observer
from dressage.records.outbox import FOLDER, STOP, wake, wake_pipe
from dressage.results.notices import (
    ChangedTags,
    LoggedMetric,
    LoggedMetrics,
    LoggedParameters,
    NewRun,
    Notice,
    RunEnd,
    StageResult,
    StateChange,
)
from dressage.specs.settings import list_settings
from dressage.testing.loading import check_loaded
from dressage.testing.memory import MemoryPlatform
from dressage.testing.policies import make_recipes
from dressage.testing.recipes import MEMORY
from dressage.testing.settings import check_declared
from dressage.testing.suite import Suite

_COMMON: Mapping[str, Any] = {
    "run_id": "kit-20261130-090000-0000",
    "recipe": "kit",
    "experiment": "ünïcode & <b>",
    "platform": "memory",
    "attempt": 1,
    "time": "2026-11-30T09:00:00.000Z",
}
_METRICS = tuple(
    LoggedMetric(name=name, value=value, step=step, timestamp=1_764_500_000_000)
    for step, (name, value) in enumerate(
        [("loss", 1.5), ("loss", float("nan")), ("loss", float("inf")), ("a b/ü", -0.0)] * 250
    )
)
_EVENTS: Sequence[tuple[str, type[Notice], Mapping[str, Any]]] = (
    ("run_created", NewRun, {"name": None, "tags": {}}),
    ("run_created", NewRun, {"name": "a 'name'", "tags": {"ü": "x\ny"}}),
    ("stage_finished", StageResult, {"stage": "dataset", "result": "kit:1"}),
    ("run_state_changed", StateChange, {"state": "Running"}),
    ("run_state_changed", StateChange, {"state": "Failed", "reason": "it's <over>", "exit_code": 137}),
    ("parameters_logged", LoggedParameters, {"parameters": {"rate": "0.1", "long": "x" * 6000}}),
    ("metrics_logged", LoggedMetrics, {"metrics": _METRICS}),
    ("metrics_logged", LoggedMetrics, {"metrics": _METRICS[:1], "mlflow_run": "0123456789abcdef"}),
    ("tags_changed", ChangedTags, {"tags": {"kept": "1", "deleted": None}}),
    (
        "run_finished",
        RunEnd,
        {"state": "Completed", "exit_code": 0, "metrics": {"loss": 1.5}, "model": "kit:1"},
    ),
    ("run_finished", RunEnd, {"state": "Failed", "interrupted": True}),
    ("run_finished", RunEnd, {"state": "Canceled", "reason": "canceled"}),
)
"""By the name of the hook: the fields of events, as different as they can be."""

_LONGEST_CALL_S = 60
"""How long a call of an observer may take."""


class ObserverTests(Suite):
    """What an observer promises.

    Override the fixture `project` to write the observer's options to dressage.toml; they should make the observer
    send to a receiver of the test.
    """

    patience_s: float = 30

    @pytest.fixture
    def observer(self) -> str:
        """The name of the observer, which is installed or named by a settings file. Each test class gives it."""
        raise NotImplementedError("give a fixture 'observer' that returns the name of the observer")

    @pytest.fixture
    def received(self) -> Callable[[], Sequence[str]] | None:
        """Override it: a function that returns the ids of the events that have arrived, in their order."""
        return None

    @pytest.fixture
    def unreachable(self) -> Callable[[], AbstractContextManager[object]] | None:
        """Override it: a function that returns a context manager in which the receiver cannot be reached."""
        return None

    @pytest.fixture(autouse=True)
    def end_delivery(self, engine: Engine) -> Iterator[None]:
        """End the process that delivers the test's events, after the test."""
        yield
        if engine.workspace.exists:
            wake(wake_pipe(engine.workspace.root), STOP)

    @pytest.fixture
    def loaded(self, engine: Engine, observer: str) -> Observer:
        """The observer, with its options."""
        return load_observer(engine.plugins, engine.configuration, observer)

    def test_it_is_found_and_can_be_loaded(self, engine: Engine, observer: str) -> None:
        check_loaded(engine, "observer", observer)

    def test_options_are_complete_and_documented(self, loaded: Observer) -> None:
        check_declared(list_settings(type(loaded.options)) if loaded.options else ())

    def test_it_says_whether_it_is_enabled_and_what_it_needs(self, loaded: Observer) -> None:
        assert loaded.is_enabled in (True, False)
        assert all(name.isidentifier() for name in loaded.secrets)

    def test_it_takes_events_of_every_form(self, engine: Engine, loaded: Observer) -> None:
        call_with_events(loaded, engine)

    def test_it_takes_an_event_that_it_has_had_before(self, engine: Engine, loaded: Observer) -> None:
        """After a crash, the last events are delivered again, with the same id."""
        call_with_events(loaded, engine)
        call_with_events(loaded, engine)

    def test_it_says_when_its_receiver_cannot_be_reached(
        self,
        engine: Engine,
        loaded: Observer,
        unreachable: Callable[[], AbstractContextManager[object]] | None,
    ) -> None:
        """Any other error would count as a failed delivery, and the event would be given up."""
        if unreachable is None:
            pytest.skip("no fixture 'unreachable': the test class cannot take the receiver away")
        with unreachable(), pytest.raises(UnreachableError):
            call_with_events(loaded, engine)

    def test_the_events_of_a_run_arrive_in_order(
        self, engine: Engine, loaded: Observer, received: Callable[[], Sequence[str]] | None
    ) -> None:
        """The observer is called by another process, as for every run."""
        if received is None:
            pytest.skip("no fixture 'received': the test class cannot see what arrives")
        engine.plugins.add("recipe", "kit", make_recipes(engine.directory)["bare"])
        engine.plugins.add("platform", MEMORY, MemoryPlatform())
        run = engine.run("kit", on=MEMORY)
        run.wait()
        self.wait_for_delivery(engine.workspace.root / FOLDER / "pending" / run.id)
        events = [event.removeprefix(f"{run.id}:") for event in received() if event.startswith(run.id)]
        places = [tuple(map(int, event.split("-"))) for event in events]
        assert places, "no event has arrived"
        assert places == sorted(places)

    def wait_for_delivery(self, marker: Path) -> None:
        """Wait until a run's marker is gone: then all of its events are delivered."""
        deadline = time.monotonic() + self.patience_s
        while marker.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not marker.exists(), "events are waiting; see observers.log in the workspace"


def call_with_events(observer: Observer, engine: Engine) -> None:
    """Call the observer's hooks with events of every form. Fails the test if a call takes too long."""
    for hook, event in make_events(observer):
        begun = time.monotonic()
        observer.call(hook, {"event": event, "workspace": engine.workspace})
        took_s = time.monotonic() - begun
        assert took_s < _LONGEST_CALL_S, f"{hook} took {took_s:.0f} s; a call that takes longer is ended"


def make_events(observer: Observer) -> Iterator[tuple[str, Notice]]:
    """Yield the events that the observer has hooks for, with the hook's name. Skips the test if it is a mirror."""
    if MIRROR in observer.hooks:
        pytest.skip("the observer copies whole records, and gets no events")
    for number, (hook, kind, fields) in enumerate(_EVENTS):
        if hook in observer.hooks:
            yield hook, kind(**_COMMON, event_id=f"{_COMMON['run_id']}:{number}", **fields)
