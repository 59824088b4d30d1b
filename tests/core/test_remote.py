"""Platforms that are asked over a network: pacing, copies of logs, and being out of reach."""

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest
from tests.fixtures import WriteScript
from tests.recipes import Tiny

from dressage import Engine, UnreachableError, hookimpl
from dressage.engine.runs import Run
from dressage.platforms.remote import LogMirror, Pace
from dressage.results.metrics import Point
from dressage.results.statuses import RunStatus
from dressage.results.tracking import Recorded
from dressage.results.versions import File


class Cloud:
    """A platform whose runs do what a test says. asked: each method that was called."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.state = RunStatus(state="Running")
        self.error: Exception | None = None
        self.log = b""
        self.poll_s = 0.3

    @hookimpl
    def platform(self) -> SimpleNamespace:
        return SimpleNamespace(runs=self)

    def submit(self, submission: object) -> None:
        self.asked.append("submit")

    def observe(self, run_id: str) -> RunStatus:
        self.asked.append("observe")
        if self.error:
            raise self.error
        return self.state

    def logs(self, run_id: str, offset: int = 0) -> bytes:
        self.asked.append("logs")
        return self.log[offset:]

    def records(self, run_id: str) -> Recorded:
        return Recorded(metrics={"loss": [Point(0.5, 1, 1_000)]}, params={"a": "1"})

    def files(self, run_id: str) -> list[File]:
        return []

    def download(self, run_id: str, paths: object, target: Path) -> None: ...

    def cancel(self, run_id: str) -> None: ...


@pytest.fixture
def cloud(engine: Engine) -> Cloud:
    cloud = Cloud()
    engine.plugins.add("platform", "cloud", cloud)
    return cloud


@pytest.fixture
def run(engine: Engine, tiny: Tiny, cloud: Cloud, script: WriteScript) -> Run:
    return engine.run("script", on="cloud", set={"path": str(script("pass"))})


def test_a_platform_that_is_out_of_reach_leaves_the_last_state(
    run: Run, cloud: Cloud, caplog: pytest.LogCaptureFixture
):
    assert run.status.state == "Running"
    cloud.error = UnreachableError("model", "the cloud is down")
    assert [run.status.state, run.status.state] == ["Running"] * 2
    assert [record.getMessage() for record in caplog.records] == [
        f"run {run.id}: the cloud is down; shown as last recorded"
    ]


def test_times_are_the_platforms(run: Run, cloud: Cloud):
    cloud.state = RunStatus(
        state="Completed", exit_code=0, started="2026-01-01T10:00:00Z", ended="2026-01-01T11:00:00Z"
    )
    assert (run.status.started, run.status.ended) == ("2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z")


def test_a_run_started_when_it_was_first_seen_to_run(run: Run, cloud: Cloud):
    started = run.status.started
    cloud.state = RunStatus(state="Running", reason="epoch 2")
    assert run.status.reason == "epoch 2"
    assert run.status.started == started


def test_an_end_whose_metrics_are_out_of_reach_is_reported_and_kept_by_a_later_look(
    run: Run, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
):
    cloud.state = RunStatus(state="Completed", exit_code=0)
    with monkeypatch.context() as patch:
        patch.setattr(cloud, "records", raise_unreachable)
        assert run.wait(10).state == "Completed"
        assert not run.folder.refresh().status.has_ended
    assert run.wait(10).state == "Completed"
    assert run.folder.refresh().tracked.latest() == {"loss": 0.5}


def raise_unreachable(*_: object) -> NoReturn:
    raise UnreachableError("model", "the cloud is down")


def test_a_follower_is_not_ended_by_a_log_that_is_out_of_reach(
    run: Run, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(cloud, "logs", raise_unreachable)
    cloud.state = RunStatus(state="Completed", exit_code=0)
    assert run.follow(lambda _: None).state == "Completed"


def test_what_a_run_recorded_elsewhere_is_kept_at_its_end(engine: Engine, run: Run, cloud: Cloud):
    assert run.tracked.latest() == {"loss": 0.5}
    cloud.state = RunStatus(state="Completed", exit_code=0)
    run.wait(10)
    (summary,) = engine.runs()
    assert summary.metrics == {"loss": 0.5}
    assert run.folder.refresh().tracked.params == {"a": "1"}


def test_a_follower_asks_no_more_often_than_the_platform_likes(run: Run, cloud: Cloud):
    cloud.asked.clear()
    assert run.wait(1.0).state == "Running"
    assert cloud.asked.count("observe") <= 8  # at first every 0.2 s, and once more for the answer


def test_listings_show_runs_of_others_when_one_platform_is_out_of_reach(
    engine: Engine, run: Run, cloud: Cloud, script: WriteScript, caplog: pytest.LogCaptureFixture
):
    other = engine.run("script", set={"path": str(script("pass"))}, again=True)
    other.wait(60)
    cloud.error = RuntimeError("boom")
    assert {summary.run_id for summary in engine.runs()} == {run.id, other.id}
    assert "platform 'cloud': plugin 'cloud' failed in runs.observe: RuntimeError: boom" in caplog.text
    assert caplog.records[-1].levelno == logging.WARNING


def test_pauses_grow_to_the_limit():
    pace = Pace(most_s=5.0)
    assert pace.is_due("status")
    assert not pace.is_due("status")
    assert pace.is_due("logs")
    assert 0 < pace.pause_s("status") < 1


def test_a_mirror_has_the_logs_very_bytes(tmp_path: Path):
    source = b"one\ntwo\n"
    mirror = LogMirror(tmp_path / "log-1.txt", lambda offset, limit: source[offset : offset + min(limit, 3)])
    for _ in range(4):
        mirror.update(has_ended=True)
    assert mirror.read(0) == source


def test_a_mirror_that_is_whole_asks_no_more(tmp_path: Path):
    asked: list[int] = []

    def fetch(offset: int, _: int) -> bytes:
        asked.append(offset)
        return b""

    mirror = LogMirror(tmp_path / "log-1.txt", fetch)
    for _ in range(3):
        mirror.update(has_ended=True)
    assert asked == [0]
