"""Metrics drawn in the terminal."""

from dressage.cli.charts import draw_chart
from dressage.results.metrics import Point


def points(*values: float) -> list[Point]:
    return [Point(value, step, 0) for step, value in enumerate(values, 1)]


def test_a_chart_has_the_last_value_the_steps_and_a_curve():
    first, top, *_ = draw_chart("Loss", points(4.0, 2.0, 1.0), 1.0)
    assert first == "Loss  1  (from 4, 3 values, steps 1 to 3)"
    assert "█" in top


def test_a_single_value_is_a_line():
    assert draw_chart("Accuracy", points(0.5), 0.5) == ["Accuracy  0.5"]


def test_a_curve_is_ordered_by_step():
    assert draw_chart("Loss", points(3.0, 2.0, 1.0)[::-1], 1.0) == draw_chart(
        "Loss", points(3.0, 2.0, 1.0), 1.0
    )


def test_a_large_number_is_not_rounded_to_powers_of_ten():
    assert draw_chart("Images", points(12346.0), 12346.0) == ["Images  12346"]


def test_the_edges_of_a_large_flat_curve_differ():
    _, top, *_, bottom = draw_chart("Loss", points(12345.01, 12345.02), 12345.02)
    assert (top.split()[0], bottom.split()[0]) == ("12345.02", "12345.01")
