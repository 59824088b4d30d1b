"""A metric's values: none twice, and the later attempt's where two overlap."""

import math
import random

import pytest

from dressage.results.metrics import Point, Points, latest_of


def add(*points: Point) -> list[Point]:
    values = Points()
    for point in points:
        values.add(point)
    return list(values)


def test_the_same_value_at_the_same_step_and_time_is_kept_once():
    assert add(Point(1.0, 0, 5), Point(1.0, 0, 5)) == [Point(1.0, 0, 5)]


@pytest.mark.parametrize("other", [Point(2.0, 0, 5), Point(1.0, 1, 5), Point(1.0, 0, 6)])
def test_another_value_step_or_time_is_another_point(other: Point):
    assert len(add(Point(1.0, 0, 5), other)) == 2


def test_what_is_not_a_number_is_kept_once_too():
    assert len(add(Point(math.nan, 0, 5), Point(math.nan, 0, 5))) == 1


def test_a_history_that_is_sent_again_adds_nothing():
    history = [Point(float(step), step, step) for step in range(50)]
    assert add(*history, *history) == history


@pytest.mark.parametrize("seed", range(5))
def test_in_any_order_each_point_is_kept_once_in_the_order_of_logging(seed: int):
    chance = random.Random(seed)
    points = [
        Point(chance.choice([0.0, 1.0, math.inf]), chance.randrange(4), chance.randrange(3))
        for _ in range(200)
    ]
    assert add(*points) == list(dict.fromkeys(points))


def test_a_later_attempts_values_replace_those_from_its_first_step_on():
    earlier = [Point(float(step), step, step) for step in range(4)]
    assert add(*earlier, Point(9.0, 2, 9, attempt=2)) == [*earlier[:2], Point(9.0, 2, 9, attempt=2)]


def test_a_later_attempt_may_log_what_the_earlier_one_did():
    again = Point(1.0, 1, 1, attempt=2)
    assert add(Point(0.0, 0, 0), Point(1.0, 1, 1), again) == [Point(0.0, 0, 0), again]


def test_the_latest_is_at_the_highest_step_then_the_last_in_time_then_the_highest():
    assert latest_of(add(Point(5.0, 1, 1), Point(1.0, 2, 1), Point(3.0, 2, 2), Point(2.0, 2, 2))).value == 3.0


def test_of_many_values_at_one_step_and_time_none_is_kept_twice():
    points = [Point(float(value % 1000), 0, 5) for value in range(3000)]
    assert add(*points) == points[:1000]
