"""Requests about a metric's values, of one run or of several."""

from dressage.results.metrics import Point
from dressage.supervision.tracking import requests
from dressage.supervision.tracking.answers import Answer, metric_answer, page_answer
from dressage.supervision.tracking.errors import invalid
from dressage.supervision.tracking.search import page
from dressage.supervision.tracking.state import TrackingState

_MAX_STEPS = 2500
_MAX_RUNS = 100


def get(state: TrackingState, request: requests.MetricHistory) -> Answer:
    """Return one page of values, sorted by time and step, as MLflow's own store does."""
    logged: list[Point] = state.run(requests.run_id_of(request)).metrics.get(request.metric_key) or []
    points = sorted(logged, key=lambda point: (point.timestamp, point.step))
    limit = (
        None if request.max_results is None and request.page_token is None else request.max_results or 25_000
    )
    shown, token = page(points, request.page_token, limit, len(points) or 1, 1 << 62)
    return page_answer("metrics", (metric_answer(request.metric_key, point) for point in shown), token)


def get_bulk(state: TrackingState, request: requests.MetricHistories) -> Answer:
    """Return one metric of several runs, sorted by run id."""
    if not request.run_id:
        raise invalid("GetMetricHistoryBulk request must specify at least one run_id.")
    if len(request.run_id) > _MAX_RUNS:
        raise invalid(f"GetMetricHistoryBulk request cannot specify more than {_MAX_RUNS} run_ids.")
    if not request.metric_key:
        raise invalid("GetMetricHistoryBulk request must specify a metric_key.")
    limit = min(request.max_results or 25_000, 25_000)
    found: list[Answer] = []
    for run_id in sorted(request.run_id):
        points = sorted(
            state.run(run_id).metrics.get(request.metric_key, []),
            key=lambda point: (point.timestamp, point.step, point.value),
        )
        found += [{**metric_answer(request.metric_key, point), "run_id": run_id} for point in points]
    return {"metrics": found[:limit]}


def get_interval(state: TrackingState, request: requests.MetricInterval) -> Answer:
    """Return one metric of several runs at evenly spread steps, and at each run's first and last step."""
    limit = request.max_results if request.max_results is not None else _MAX_STEPS
    if not 0 < limit <= _MAX_STEPS:
        raise invalid(f"max_results must be between 1 and {_MAX_STEPS}. Got {limit}.")
    if not request.run_ids:
        raise invalid("Missing value for required parameter 'run_ids'.")
    if len(request.run_ids) > _MAX_RUNS:
        raise invalid(f"GetMetricHistoryBulkInterval request must specify at most {_MAX_RUNS} run_ids.")
    low = request.start_step if request.start_step is not None else -(1 << 63)
    high = request.end_step if request.end_step is not None else 1 << 63
    if (request.start_step is None) != (request.end_step is None):
        raise invalid("If either start step or end step are specified, both must be specified.")
    if low > high:
        raise invalid(f"end_step must be greater than start_step. Found {high} and {low}.")
    found = {run_id: _within(state, run_id, request.metric_key, low, high) for run_id in request.run_ids}
    steps = _spread(sorted({point.step for points in found.values() for point in points}), limit)
    steps |= {points[end].step for points in found.values() if points for end in (0, -1)}
    return {
        "metrics": [
            {**metric_answer(request.metric_key, point), "run_id": run_id}
            for run_id, points in found.items()
            for point in points
            if point.step in steps
        ]
    }


def _within(state: TrackingState, run_id: str, key: str, low: int, high: int) -> list[Point]:
    points = state.run(run_id).metrics.get(key, ())
    return sorted((p for p in points if low <= p.step <= high), key=lambda p: (p.step, p.timestamp))


def _spread(steps: list[int], limit: int) -> set[int]:
    """Return at most `limit` evenly spread steps, and the last one."""
    if len(steps) <= limit:
        return set(steps)
    return {steps[number * len(steps) // limit] for number in range(limit)} | {steps[-1]}
