"""Searching: MLflow's filters, orders, pages and views, each honoured or refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.core.supervision.tracking.conftest import API, Served, ask, serve

RUNS: dict[str, dict[str, dict[str, Any]]] = {
    "one": {"metrics": {"acc": 0.5}, "params": {"net": "small", "f1 score": "a"}, "tags": {"team": "lab"}},
    "two": {"metrics": {"acc": 0.9, "loss": 1.0}, "params": {"net": "Large"}, "tags": {"team": "ops"}},
    "three": {"metrics": {"acc": "NaN"}, "params": {}, "tags": {}},
    "four": {"metrics": {}, "params": {"net": "small"}, "tags": {"mlflow.note": "it's"}},
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Four runs, one begun after the other; the first is the run itself."""
    endpoint, running = serve(tmp_path_factory.mktemp("run"))
    for begun, (name, data) in enumerate(RUNS.items(), 1):
        created = {"experiment_id": "0", "run_name": name, "start_time": begun * 1000}
        _, answer = ask(endpoint, "POST", API + "runs/create", created)
        batch = {kind: [{"key": k, "value": v} for k, v in values.items()] for kind, values in data.items()}
        run_id = answer["run"]["info"]["run_id"]
        ask(endpoint, "POST", API + "runs/log-batch", {"run_id": run_id, **batch})
    dataset = {
        "dataset": {"name": "mnist", "digest": "abc"},
        "tags": [{"key": "mlflow.data.context", "value": "train"}],
    }
    ask(endpoint, "POST", API + "runs/log-inputs", {"run_id": "run-1", "datasets": [dataset]})
    yield endpoint
    running.close()


def search(served: Served, **fields: Any) -> tuple[int, Any]:
    status, answer = ask(served, "POST", API + "runs/search", {"experiment_ids": ["0"], **fields})
    if status != 200:
        return status, answer["message"]
    return status, [run["info"]["run_name"] for run in answer.get("runs", [])]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("metrics.acc > 0.6", ["two"]),
        ("metric.acc <= 0.5", ["one"]),
        ("metrics.acc != 0.5 and metrics.loss = 1", ["two"]),
        ("params.net = 'small'", ["four", "one"]),
        ("params.net LIKE 's%'", ["four", "one"]),
        ("params.net ILIKE 'l%'", ["two"]),
        ("params.net != 'small'", ["two"]),
        ("params.net IS NULL", ["three"]),
        ("params.net IS NOT NULL AND tags.team IS NULL", ["four"]),
        ("params.`f1 score` = 'a'", ["one"]),
        ('params."f1 score" = "a"', ["one"]),
        ("tags.mlflow.note LIKE '%s'", ["four"]),
        ('tags."mlflow.note" = "it\'s"', ["four"]),
        ("attributes.run_name = 'two'", ["two"]),
        ("run_name LIKE '%o%'", ["four", "two", "one"]),
        ("attributes.start_time >= 3000", ["four", "three"]),
        ("created < 2000", ["one"]),
        ("run_id IN ('run-1', 'other')", ["one"]),
        ("status = 'RUNNING' AND run_id NOT IN ('run-1')", ["four", "three", "two"]),
        ("dataset.name = 'mnist' AND dataset.context = 'train'", ["one"]),
        ("dataset.digest IN ('abc')", ["one"]),
        ("dataset.name = 'other'", []),
        ("", ["four", "three", "two", "one"]),
    ],
)
def test_a_filter_finds_what_it_says(served: Served, condition: str, found: list[str]):
    assert search(served, filter=condition) == (200, found)


@pytest.mark.parametrize(
    "condition",
    [
        "metrics.acc > 'high'",
        "metrics.acc",
        "metrics.acc >",
        "metrics.acc LIKE '1'",
        "metrics.acc > 1 OR metrics.acc < 0",
        "metrics.acc > 1 AND",
        "AND metrics.acc > 1",
        "params.net > 'a'",
        "params.net = small",
        "params.net = 5",
        "parms.net = 'a'",
        "attributes.colour = 'red'",
        "colour = 'red'",
        "run_name IN ('a')",
        "run_id IN ()",
        "run_id IN ('a'",
        "dataset.colour = 'red'",
        "metrics.acc IS NULL",
        "; DROP TABLE runs",
        "metrics.acc > 1 metrics.acc < 3",
        "tags.team = 'lab",
    ],
)
def test_a_filter_that_is_not_understood_is_refused(served: Served, condition: str):
    status, message = search(served, filter=condition)
    assert status == 400
    assert message


@pytest.mark.parametrize(
    ("order", "found"),
    [
        (["metrics.acc DESC"], ["two", "one", "three", "four"]),
        (["metrics.acc"], ["one", "two", "three", "four"]),
        (["params.net ASC", "start_time ASC"], ["two", "one", "four", "three"]),
        (["attributes.start_time ASC"], ["one", "two", "three", "four"]),
        (["tags.`team` desc"], ["two", "one", "four", "three"]),
        ([], ["four", "three", "two", "one"]),
    ],
)
def test_an_order_is_kept_and_what_has_no_value_comes_last(
    served: Served, order: list[str], found: list[str]
):
    assert search(served, order_by=order) == (200, found)


@pytest.mark.parametrize(
    "order", ["metrics.acc SIDEWAYS", "colour", "dataset.name", "metrics.acc DESC, loss", ""]
)
def test_an_order_that_is_not_understood_is_refused(served: Served, order: str):
    assert search(served, order_by=[order])[0] == 400


def test_pages_follow_one_another_to_the_end(served: Served):
    asked = {"experiment_ids": ["0"], "max_results": 3}
    _, first = ask(served, "POST", API + "runs/search", asked)
    _, second = ask(served, "POST", API + "runs/search", {**asked, "page_token": first["next_page_token"]})
    names = [run["info"]["run_name"] for page in (first, second) for run in page["runs"]]
    assert names == ["four", "three", "two", "one"]
    assert "next_page_token" not in second


def test_another_experiment_has_none_of_them(served: Served):
    assert search(served, experiment_ids=["1"]) == (200, [])


def test_a_deleted_run_is_found_where_deleted_ones_are_looked_for(tmp_path: Path):
    endpoint, running = serve(tmp_path)
    run = ask(endpoint, "POST", API + "runs/create", {"experiment_id": "0", "run_name": "a"})[1]["run"][
        "info"
    ]
    ask(endpoint, "POST", API + "runs/delete", {"run_id": run["run_id"]})
    views = ("ACTIVE_ONLY", "DELETED_ONLY", "ALL")
    assert [len(search(endpoint, run_view_type=view)[1]) for view in views] == [0, 1, 1]
    tag = {"run_id": run["run_id"], "key": "a", "value": "b"}
    assert ask(endpoint, "POST", API + "runs/set-tag", tag)[0] == 400
    ask(endpoint, "POST", API + "runs/restore", {"run_id": run["run_id"]})
    assert ask(endpoint, "POST", API + "runs/set-tag", tag)[0] == 200
    running.close()


def test_experiments_are_in_the_order_of_their_numbers(tmp_path: Path):
    endpoint, running = serve(tmp_path)
    for number in range(1, 12):
        ask(endpoint, "POST", API + "experiments/create", {"name": f"n{number}"})
    asked = {"order_by": ["experiment_id ASC"], "max_results": 100}
    _, answer = ask(endpoint, "POST", API + "experiments/search", asked)
    assert [found["experiment_id"] for found in answer["experiments"]] == [
        str(number) for number in range(12)
    ]
    running.close()


def test_a_deleted_experiment_takes_nothing_more(tmp_path: Path):
    endpoint, running = serve(tmp_path)
    ask(endpoint, "POST", API + "experiments/create", {"name": "x"})
    assert ask(endpoint, "POST", API + "experiments/delete", {"experiment_id": "1"})[0] == 200
    for path, body in (
        ("experiments/set-experiment-tag", {"experiment_id": "1", "key": "a", "value": "b"}),
        ("experiments/update", {"experiment_id": "1", "new_name": "y"}),
        ("runs/create", {"experiment_id": "1"}),
        ("logged-models", {"experiment_id": "1", "name": "net"}),
    ):
        assert ask(endpoint, "POST", API + path, body)[0] == 400
    assert ask(endpoint, "POST", API + "experiments/delete", {"experiment_id": "1"})[0] == 404
    running.close()


def test_a_history_is_in_the_order_of_time(tmp_path: Path):
    endpoint, running = serve(tmp_path)
    for time in (30, 10, 20):
        body = {"run_id": "run-1", "key": "m", "value": time, "timestamp": time, "step": 0}
        ask(endpoint, "POST", API + "runs/log-metric", body)
    _, answer = ask(endpoint, "GET", API + "metrics/get-history?run_id=run-1&metric_key=m")
    assert [point["timestamp"] for point in answer["metrics"]] == [10, 20, 30]
    running.close()


@pytest.mark.parametrize(
    ("pattern", "is_like"),
    [
        ("%", True),
        ("abcabc", True),
        ("abc", False),
        ("a%c", True),
        ("%b%b%", True),
        ("%b%b%b%", False),
        ("a%a%c", True),
        ("abc%abc", True),
        ("abca%abc", False),
        ("_b_a_c", True),
        ("%_", True),
        ("%abcabc_", False),
        ("A%", False),
        ("%%%", True),
        ("", False),
    ],
)
def test_like_means_what_sql_means(served: Served, pattern: str, is_like: bool):
    ask(served, "POST", API + "runs/set-tag", {"run_id": "run-1", "key": "text", "value": "abcabc"})
    assert search(served, filter=f"tags.text LIKE '{pattern}'") == (200, ["one"] if is_like else [])


def test_a_pattern_of_many_parts_is_answered(served: Served):
    """Backtracking would take years."""
    ask(served, "POST", API + "runs/set-tag", {"run_id": "run-1", "key": "text", "value": "a" * 5000})
    assert search(served, filter=f"tags.text LIKE '{'%a' * 30}%b'") == (200, [])
