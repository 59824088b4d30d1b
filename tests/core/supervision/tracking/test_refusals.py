"""What a script asks for and cannot have is counted: never lost in silence."""

from pathlib import Path

import pytest
from tests.core.supervision.tracking.conftest import API, Served, ask, serve

from dressage.records.run_folder import RunFolder


def count_refusals(served: Served) -> dict[str, int]:
    return {request: refusal.count for request, refusal in served.tracked.refused.items()}


def test_a_route_that_is_not_served_is_counted(endpoint: Served):
    ask(endpoint, "POST", API + "webhooks", {})
    assert count_refusals(endpoint) == {"POST webhooks": 1}


def test_a_refused_write_is_counted_with_its_reason(endpoint: Served):
    for value in ("1", "2"):
        ask(endpoint, "POST", API + "runs/log-parameter", {"run_id": "run-1", "key": "a", "value": value})
    (refusal,) = endpoint.tracked.refused.values()
    assert "Changing param values is not allowed" in refusal.message


@pytest.mark.parametrize(
    "path",
    [
        "runs/get?run_id=other",
        "experiments/get-by-name?experiment_name=x",
        "registered-models/get?name=x",
        "registered-models/alias?name=x&alias=best",
    ],
)
def test_asking_whether_something_is_there_is_no_refusal(endpoint: Served, path: str):
    ask(endpoint, "GET", API + path)
    assert count_refusals(endpoint) == {}


def test_probing_what_a_server_can_do_is_no_refusal(endpoint: Served):
    assert ask(endpoint, "GET", "/version")[0] == 404
    assert count_refusals(endpoint) == {}


def test_a_field_that_is_not_known_is_counted_and_the_rest_is_kept(endpoint: Served):
    ask(
        endpoint, "POST", API + "runs/set-tag", {"run_id": "run-1", "key": "a", "value": "1", "colour": "red"}
    )
    assert endpoint.tracked.tags == {"a": "1"}
    assert count_refusals(endpoint) == {"POST runs/set-tag colour": 1}


def test_many_refusals_are_few_lines_of_the_journal_and_the_count_is_right(tmp_path: Path):
    served, running = serve(tmp_path)
    for _ in range(25):
        ask(served, "POST", API + "webhooks", {})
    running.close()
    assert count_refusals(served) == {"POST webhooks": 25}
    assert len(list(served.journal.events())) == 3


def test_requests_that_all_differ_do_not_fill_the_journal(endpoint: Served):
    for number in range(80):
        ask(endpoint, "GET", API + f"unknown/{number}")
    assert len(endpoint.tracked.refused) == 51


def test_a_request_without_the_token_is_nobodys_refusal(endpoint: Served):
    ask(endpoint, "POST", API + "webhooks", {}, headers={"Authorization": ""})
    assert count_refusals(endpoint) == {}


def test_the_runs_record_has_the_refusals(endpoint: Served):
    ask(endpoint, "POST", API + "webhooks", {})
    assert RunFolder(endpoint.artifacts.parent).refresh().tracked.refused["POST webhooks"].count == 1
