"""Runs are in the order of their creation, whatever the clock says."""

import datetime as real
import time
from typing import Any

import pytest
from tests.recipes import Tiny

from dressage import Engine
from dressage.records import journal, run_ids, run_order

DAY_S = 86_400


class Ahead(real.datetime):
    """The clock of a machine that is a day ahead."""

    @classmethod
    def now(cls, tz: real.tzinfo | None = None) -> Any:
        return real.datetime.now(tz) + real.timedelta(seconds=DAY_S)


class AheadTime:
    @staticmethod
    def time_ns() -> int:
        return time.time_ns() + DAY_S * 1_000_000_000


def test_a_clock_that_is_set_back_makes_no_earlier_run_the_latest(
    engine: Engine, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as ahead:
        ahead.setattr(journal, "datetime", Ahead)
        ahead.setattr(run_ids, "datetime", Ahead)
        ahead.setattr(run_order, "time", AheadTime)
        first = engine.run("tiny")
        first.wait(60)
    second, third = (engine.run("tiny", again=True) for _ in range(2))
    assert str(second.created) < str(first.created)
    for run in (second, third):
        run.wait(60)
    assert [summary.run_id for summary in engine.runs()] == [third.id, second.id, first.id]
    assert Engine(engine.directory).get("latest").id == third.id
    plan = engine.plan("tiny")
    assert plan.stage("model").run_id == third.id


def test_runs_of_earlier_versions_are_in_the_order_of_their_times(engine: Engine, tiny: Tiny):
    runs = [engine.run("tiny", again=True) for _ in range(2)]
    for run in runs:
        run.wait(60)
        path = run.folder.journal.path
        order = run.folder.refresh().order
        path.write_bytes(path.read_bytes().replace(b',"order":%d' % (order or 0), b""))
        assert b"order" not in path.read_bytes().splitlines()[0]
    assert [summary.run_id for summary in Engine(engine.directory).runs()] == [runs[1].id, runs[0].id]
