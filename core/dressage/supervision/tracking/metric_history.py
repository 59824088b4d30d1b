"""A metric's values, of one run or of several."""

from dressage.results.metrics import Point
from dressage.supervision.tracking import requests
from dressage.supervision.tracking.answers import Answer, metric_answer, paged
from dressage.supervision.tracking.errors import invalid
from dressage.supervision.tracking.search import page
from dressage.supervision.tracking.state import TrackingState

_MOST_STEPS = 2500
_MOST_RUNS = 100


def get(state: TrackingState, asked: requests.MetricHistory) -> Answer:
    """In the order of time and steps, as MLflow's own store answers."""
    logged: list[Point] = state.run(requests.run_id_of(asked)).metrics.get(asked.metric_key) or []
    points = sorted(logged, key=lambda point: (point.timestamp, point.step))
    most = None if asked.max_results is None and asked.page_token is None else asked.max_results or 25_000
    shown, token = page(points, asked.page_token, most, len(points) or 1, 1 << 62)
    return paged("metrics", (metric_answer(asked.metric_key, point) for point in shown), token)


def get_bulk(state: TrackingState, asked: requests.MetricHistories) -> Answer:
    """One metric of several runs, run by run in the order of their ids."""
    if not asked.run_id:
        raise invalid("GetMetricHistoryBulk request must specify at least one run_id.")
    if len(asked.run_id) > _MOST_RUNS:
        raise invalid(f"GetMetricHistoryBulk request cannot specify more than {_MOST_RUNS} run_ids.")
    if not asked.metric_key:
        raise invalid("GetMetricHistoryBulk request must specify a metric_key.")
    most = min(asked.max_results or 25_000, 25_000)
    found: list[Answer] = []
    for run_id in sorted(asked.run_id):
        points = sorted(
            state.run(run_id).metrics.get(asked.metric_key, []),
            key=lambda point: (point.timestamp, point.step, point.value),
        )
        found += [{**metric_answer(asked.metric_key, point), "run_id": run_id} for point in points]
    return {"metrics": found[:most]}


def get_interval(state: TrackingState, asked: requests.MetricInterval) -> Answer:
    """One metric of several runs, at evenly spread steps: some `max_results`, and each run's first and last."""
    most = asked.max_results if asked.max_results is not None else _MOST_STEPS
    if not 0 < most <= _MOST_STEPS:
        raise invalid(f"max_results must be between 1 and {_MOST_STEPS}. Got {most}.")
    if not asked.run_ids:
        raise invalid("Missing value for required parameter 'run_ids'.")
    if len(asked.run_ids) > _MOST_RUNS:
        raise invalid(f"GetMetricHistoryBulkInterval request must specify at most {_MOST_RUNS} run_ids.")
    low = asked.start_step if asked.start_step is not None else -(1 << 63)
    high = asked.end_step if asked.end_step is not None else 1 << 63
    if (asked.start_step is None) != (asked.end_step is None):
        raise invalid("If either start step or end step are specified, both must be specified.")
    if low > high:
        raise invalid(f"end_step must be greater than start_step. Found {high} and {low}.")
    found = {run_id: _within(state, run_id, asked.metric_key, low, high) for run_id in asked.run_ids}
    steps = _spread(sorted({point.step for points in found.values() for point in points}), most)
    steps |= {points[end].step for points in found.values() if points for end in (0, -1)}
    return {
        "metrics": [
            {**metric_answer(asked.metric_key, point), "run_id": run_id}
            for run_id, points in found.items()
            for point in points
            if point.step in steps
        ]
    }


def _within(state: TrackingState, run_id: str, key: str, low: int, high: int) -> list[Point]:
    points = state.run(run_id).metrics.get(key, ())
    return sorted((p for p in points if low <= p.step <= high), key=lambda p: (p.step, p.timestamp))


def _spread(steps: list[int], most: int) -> set[int]:
    """At most so many steps, evenly spread, and the last one."""
    if len(steps) <= most:
        return set(steps)
    return {steps[number * len(steps) // most] for number in range(most)} | {steps[-1]}
