"""The priority, retries and time limit of one run."""

from typing import Any

import pytest
from tests.core.hooks.test_resume import Changes
from tests.fixtures import Dressage, WriteScript
from tests.recipes import Tiny
from tests.shelf import Shelf

from dressage import Engine, SettingsError
from dressage.cli.durations import seconds_of
from dressage.results.events import RunFound
from dressage.results.statuses import RunStatus


@pytest.fixture
def shelf(engine: Engine, tiny: Tiny) -> Shelf:
    """A platform that accepts runs and starts none, registered as `shelf`."""
    platform = Shelf()
    engine.plugins.add("platform", "shelf", platform)
    return platform


def test_the_platform_gets_what_was_asked_for(engine: Engine, shelf: Shelf):
    engine.run("tiny", on="shelf", priority=5, retries=2, time_limit_s=90)
    request = shelf.submitted[0].request
    assert (request.priority, request.retries, request.compute.time_limit_s) == (5, 2, 90)


def test_another_attempt_has_the_same_limits(engine: Engine, shelf: Shelf):
    run = engine.run("tiny", on="shelf", priority=5, retries=2, time_limit_s=90)
    shelf.statuses[run.id] = RunStatus(state="Failed", exit_code=1)
    engine.resume(run.id)
    request = shelf.submitted[1].request
    assert (request.priority, request.retries, request.compute.time_limit_s) == (5, 2, 90)


def test_a_request_is_the_same_with_another_priority(engine: Engine, shelf: Shelf):
    run = engine.run("tiny", on="shelf", priority=1)
    run.release()
    events: list[Any] = []
    assert engine.run("tiny", on="shelf", priority=2, retries=1, listener=events.append).id == run.id
    found = next(event for event in events if isinstance(event, RunFound))
    assert found.ignored == "priority and retries"


def test_a_policy_can_lower_the_time_limit(engine: Engine, shelf: Shelf):
    engine.plugins.add("policy", "caps", Changes("compute", time_limit_s=60.0))
    stage = engine.plan("tiny", on="shelf", time_limit_s=90).stage("compute")
    assert stage.changed_by == ("caps: time_limit_s: 90 -> 60.0",)


def test_a_plan_says_what_the_platform_does_not_support(engine: Engine, shelf: Shelf):
    reasons = engine.plan("tiny", on="shelf", priority=5, retries=2).stage("model").reasons
    assert reasons[-2:] == (
        "priority 5 has no effect: platform 'shelf' does not support it",
        "retries 2 has no effect: platform 'shelf' does not support it",
    )


def test_a_plan_says_nothing_about_what_the_platform_supports(engine: Engine, shelf: Shelf):
    shelf.priorities = shelf.retries = True  # type: ignore[attr-defined]
    assert not [
        line
        for line in engine.plan("tiny", on="shelf", priority=5, retries=2).stage("model").reasons
        if "no effect" in line
    ]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"priority": 1001}, "priority is 1001; give a whole number from -1000 to 1000"),
        ({"priority": True}, "priority is True; give a whole number"),
        ({"retries": -1}, "retries is -1; give a whole number from 0 to 100"),
        ({"time_limit_s": 0}, "time limit is 0; give a number of seconds above 0"),
        ({"time_limit_s": float("inf")}, "time limit is inf; give a number of seconds above 0"),
    ],
)
def test_a_limit_out_of_bounds_is_refused(engine: Engine, tiny: Tiny, given: dict[str, Any], words: str):
    with pytest.raises(SettingsError, match=words):
        engine.run("tiny", **given)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("90m", 5400), ("2h", 7200), ("1d", 86400), ("45", 45), ("1.5h", 5400)]
)
def test_a_duration_is_written_with_its_unit(text: str, seconds: float):
    assert seconds_of(text, "--time-limit") == seconds


@pytest.mark.parametrize("text", ["", "soon", "90x", "-5m", "1h30m", "1e3"])
def test_what_is_no_duration_is_refused(text: str):
    with pytest.raises(SettingsError, match="invalid --time-limit"):
        seconds_of(text, "--time-limit")


def test_limits_are_shown(dressage: Dressage, script: WriteScript):
    script("")
    dressage("run", "source/train.py", "--priority", "-3", "--retries", "2", "--time-limit", "90m")
    shown = [" ".join(line.split()) for line in dressage("runs", "show", "latest").stdout.splitlines()]
    assert {"priority -3", "retries 2", "time limit 5400 s"} <= set(shown)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--priority", "5000"], "priority is 5000"),
        (["--retries", "101"], "retries is 101"),
        (["--time-limit", "0"], "time limit is 0"),
    ],
)
def test_a_plan_checks_the_limits_of_the_run(
    dressage: Dressage, script: WriteScript, words: list[str], line: str
):
    script("")
    result = dressage("plan", "source/train.py", *words)
    assert (result.returncode, line in result.stderr) == (2, True)
