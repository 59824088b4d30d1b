"""The protocol's edges, in plain HTTP."""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.core.supervision.tracking.conftest import API, Served, ask


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/", None, 404, "ENDPOINT_NOT_FOUND"),
        ("GET", API + "webhooks", None, 404, "ENDPOINT_NOT_FOUND"),
        ("GET", API + "registered-models/get", None, 400, "INVALID_PARAMETER_VALUE"),
        ("GET", API + "runs/get?run_id=other", None, 404, "RESOURCE_DOES_NOT_EXIST"),
        ("POST", API + "runs/set-tag", "not json", 400, "BAD_REQUEST"),
        ("POST", API + "runs/set-tag", [1], 400, "BAD_REQUEST"),
        ("POST", API + "runs/set-tag", {"run_id": "run-1", "key": ""}, 400, "INVALID_PARAMETER_VALUE"),
        ("POST", API + "runs/delete-tag", {"run_id": "run-1", "key": "x"}, 404, "RESOURCE_DOES_NOT_EXIST"),
        (
            "POST",
            API + "runs/log-metric",
            {"run_id": "run-1", "key": "a", "value": "high"},
            400,
            "INVALID_PARAMETER_VALUE",
        ),
        ("GET", API + "artifacts/list?run_id=run-1&path=../..", None, 400, "INVALID_PARAMETER_VALUE"),
        ("GET", API + "experiments/get-by-name?experiment_name=other", None, 404, "RESOURCE_DOES_NOT_EXIST"),
    ],
)
def test_what_cannot_be_done_is_refused_as_clients_know_it(
    endpoint: Served, method: str, path: str, body: Any, status: int, code: int
):
    answered, answer = ask(endpoint, method, path, body)
    assert (answered, answer["error_code"]) == (status, code)
    assert answer["message"]


def test_a_page_in_a_browser_cannot_reach_it_under_another_name(endpoint: Served):
    status, answer = ask(endpoint, "GET", API + "runs/get?run_id=run-1", headers={"Host": "evil.example:80"})
    assert (status, answer["error_code"]) == (403, "PERMISSION_DENIED")


def test_a_refused_batch_of_parameters_writes_nothing_of_it(endpoint: Served):
    ask(endpoint, "POST", API + "runs/log-parameter", {"run_id": "run-1", "key": "a", "value": "1"})
    params = [{"key": "b", "value": "1"}, {"key": "a", "value": "2"}]
    batch = {"run_id": "run-1", "params": params, "metrics": [{"key": "m", "value": 1}]}
    assert ask(endpoint, "POST", API + "runs/log-batch", batch)[0] == 400
    assert (endpoint.tracked.params, endpoint.tracked.metrics) == ({"a": "1"}, {})


def test_what_was_answered_is_in_the_journal(endpoint: Served):
    ask(endpoint, "POST", API + "runs/log-metric", {"run_id": "run-1", "key": "m", "value": 0.5, "step": 3})
    assert [(point.step, point.value) for point in endpoint.tracked.metrics["m"]] == [(3, 0.5)]


def test_a_journal_that_cannot_be_written_is_reported_to_the_client(endpoint: Served):
    endpoint.journal.path.mkdir()
    status, answer = ask(
        endpoint, "POST", API + "runs/set-tag", {"run_id": "run-1", "key": "a", "value": "1"}
    )
    assert status == 507
    assert "cannot write the run's journal" in answer["message"]


def test_a_token_that_is_missing_is_refused(endpoint: Served):
    assert ask(endpoint, "GET", API + "runs/get?run_id=run-1", headers={"Authorization": ""})[0] == 401


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads take turns often: what two of them may do to each other happens soon."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)


def test_what_one_thread_reads_is_whole_while_another_writes(endpoint: Served, hasty_threads: None):
    def write() -> None:
        for batch in range(60):
            metrics = [{"key": f"{batch}-{number}", "value": 1} for number in range(50)]
            ask(endpoint, "POST", API + "runs/log-batch", {"run_id": "run-1", "metrics": metrics})

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        while not writing.done():
            assert ask(endpoint, "GET", API + "runs/get?run_id=run-1")[0] == 200


def test_a_long_value_is_kept_whole(endpoint: Served):
    ask(endpoint, "POST", API + "runs/log-parameter", {"run_id": "run-1", "key": "a", "value": "x" * 20_000})
    assert endpoint.tracked.params == {"a": "x" * 20_000}


def test_a_batch_is_one_line_of_the_journal(endpoint: Served):
    """A kill or a full disk leaves all of it or nothing."""
    batch = {
        "run_id": "run-1",
        "metrics": [{"key": "m", "value": 1}],
        "params": [{"key": "p", "value": "1"}],
        "tags": [{"key": "t", "value": "1"}],
    }
    ask(endpoint, "POST", API + "runs/log-batch", batch)
    assert len(list(endpoint.journal.events())) == 1
    tracked = endpoint.tracked
    assert (list(tracked.metrics), tracked.params, tracked.tags) == (["m"], {"p": "1"}, {"t": "1"})


def test_a_tag_that_holds_a_history_of_something_else_is_no_fault(endpoint: Served):
    ask(
        endpoint,
        "POST",
        API + "runs/set-tag",
        {"run_id": "run-1", "key": "mlflow.log-model.history", "value": "x"},
    )
    model = {"artifact_path": "a", "flavors": {}, "utc_time_created": "now", "run_id": "run-1"}
    body = {"run_id": "run-1", "model_json": json.dumps(model)}
    assert ask(endpoint, "POST", API + "runs/log-model", body)[0] == 200


@pytest.mark.parametrize("verb", ["delete", "update"])
def test_the_runs_own_experiment_cannot_be_deleted_or_renamed(endpoint: Served, verb: str):
    for experiment_id in ("0", ""):
        body = {"experiment_id": experiment_id, "new_name": "other"}
        assert ask(endpoint, "POST", API + f"experiments/{verb}", body)[0] == 400


def test_a_link_to_nothing_among_the_artifacts_hides_none_of_the_others(endpoint: Served):
    (endpoint.artifacts / "dangling").symlink_to("nowhere")
    (endpoint.artifacts / "loop").symlink_to("loop")
    (endpoint.artifacts / "file").write_text("x")
    _, answer = ask(endpoint, "GET", API + "artifacts/list?run_id=run-1")
    assert [file["path"] for file in answer["files"]] == ["dangling", "file", "loop"]


def test_older_clients_search_traces_and_any_client_deletes_them(endpoint: Served):
    for number in range(2):
        facts = {
            "trace_id": f"tr-{number}",
            "request_time": f"2026-01-0{number + 1}T00:00:00Z",
            "state": "OK",
        }
        ask(endpoint, "POST", API + "traces", {"trace": {"trace_info": facts}})
    (endpoint.artifacts / "traces" / "tr-0" / "trace_info.json").write_text("{")
    _, answer = ask(endpoint, "GET", API + "traces?experiment_ids=0")
    assert [trace["request_id"] for trace in answer["traces"]] == ["tr-1"]
    body = {"experiment_id": "0", "request_ids": ["tr-1"]}
    assert ask(endpoint, "POST", API + "traces/delete-traces", body)[1] == {"traces_deleted": 1}
    assert endpoint.tracked.traces == ["tr-0"]


@pytest.mark.parametrize(
    "body",
    [
        {"trace": {"trace_info": {"trace_id": 5}}},
        {"trace": {"trace_info": {"trace_id": "a", "assessments": 5}}},
        {"trace": {"trace_info": {"trace_id": "a", "trace_location": []}}},
        {"trace": {"trace_info": {"trace_id": "a", "tags": {"a": 1}}}},
        {"trace": {"trace_info": None}},
        {"timestamp_ms": 2**62},
    ],
)
def test_a_trace_of_wrong_types_gets_a_400(endpoint: Served, body: Any):
    assert ask(endpoint, "POST", API + "traces", body)[0] == 400
