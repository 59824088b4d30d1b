"""How often a remote run is asked for its state. Times are of a clock that the test sets."""

import itertools

import pytest

from dressage.platforms.remote import Pace

HOUR_S = 3600.0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def poll(pace: Pace, clock: Clock, seconds: float) -> list[float]:
    """Wait as a client does; return the times at which the platform was asked."""
    end, asked = clock.now + seconds, []
    while clock.now < end:
        assert pace.is_due("status")
        asked.append(clock.now)
        clock.now += pace.pause_s("status")
    return asked


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_six_quiet_hours_take_fewer_than_2000_requests(clock: Clock):
    assert len(poll(Pace(1.0, clock), clock, 6 * HOUR_S)) < 2000


def test_a_quiet_run_is_asked_at_least_every_15_seconds(clock: Clock):
    asked = poll(Pace(1.0, clock), clock, 6 * HOUR_S)
    assert max(after - before for before, after in itertools.pairwise(asked)) == pytest.approx(15)


def test_a_run_that_was_quiet_for_a_minute_is_asked_within_two_seconds(clock: Clock):
    pace = Pace(1.0, clock)
    poll(pace, clock, HOUR_S)
    pace.note_change()
    asked = poll(pace, clock, 60)
    assert max(after - before for before, after in itertools.pairwise(asked)) <= 2


def test_a_short_run_is_asked_often(clock: Clock):
    assert len(poll(Pace(1.0, clock), clock, 2)) == 10
