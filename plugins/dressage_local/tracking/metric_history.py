"""A metric's values, of one run or of several."""

from dressage_local.tracking import requests
from dressage_local.tracking.answers import Answer, metric_answer, paged
from dressage_local.tracking.errors import invalid
from dressage_local.tracking.search import page
from dressage_local.tracking.state import TrackingState


def get(state: TrackingState, asked: requests.MetricHistory) -> Answer:
    points = state.run(requests.run_id_of(asked)).metrics.get(asked.metric_key, [])
    most = None if asked.max_results is None and asked.page_token is None else asked.max_results or 25_000
    shown, token = page(points, asked.page_token, most, len(points) or 1, 1 << 62)
    return paged("metrics", (metric_answer(asked.metric_key, point) for point in shown), token)


def get_bulk(state: TrackingState, asked: requests.MetricHistories) -> Answer:
    """One metric of several runs, run by run in the order of their ids."""
    if len(asked.run_id) > 100:
        raise invalid(
            f"a request cannot specify more than 100 run_ids. Received {len(asked.run_id)} run_ids."
        )
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
    """One metric of several runs, thinned out evenly to `max_results` steps a run; the last step stays."""
    most = asked.max_results or 2500
    low = asked.start_step if asked.start_step is not None else -(1 << 63)
    high = asked.end_step if asked.end_step is not None else 1 << 63
    found = []
    for run_id in asked.run_ids:
        points = state.run(run_id).metrics.get(asked.metric_key, [])
        within = sorted((p for p in points if low <= p.step <= high), key=lambda p: (p.step, p.timestamp))
        every = max(1, -(-len(within) // most))
        kept = within[::every] + ([within[-1]] if within and (len(within) - 1) % every else [])
        found += [{**metric_answer(asked.metric_key, point), "run_id": run_id} for point in kept]
    return {"metrics": found}
