"""What others on the machine, broken clients and hostile ones may not do to a run."""

import http.client
import json
import resource
import socket
import time

import pytest
from tests.plugins.local.tracking.conftest import Served
from tests.plugins.local.tracking.test_protocol import API, ask

from dressage_local.tracking import endpoint as module


def send(served: Served, data: bytes, *, timeout: float = 10) -> bytes:
    """Bytes on a connection of their own, and all that comes back until it is closed or falls silent."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=timeout) as connection:
        connection.sendall(data)
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
        except (TimeoutError, ConnectionError):
            pass
    return answer


def head(*lines: str) -> bytes:
    return "\r\n".join([f"POST {API}runs/set-tag HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]).encode()


AUTHORIZED = "Authorization: Bearer secret"


def test_a_body_is_not_read_before_the_token(endpoint: Served):
    """The answer comes although the body never does."""
    answer = send(endpoint, head("Content-Length: 60000000"))
    assert answer.startswith(b"HTTP/1.1 401 ")


def test_large_bodies_without_a_token_take_no_memory(endpoint: Served):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    connections = [socket.create_connection(("127.0.0.1", endpoint.port)) for _ in range(20)]
    for connection in connections:
        try:
            connection.sendall(head("Content-Length: 60000000") + bytes(8 << 20))
        except OSError:  # it has been refused and closed
            continue
    for connection in connections:
        connection.close()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000  # kB


def test_a_head_without_end_is_cut_off(endpoint: Served):
    try:
        answer = send(endpoint, head()[:-2] + b"X-Filler: " + b"x" * 60_000 + b"\r\nX-More: " + b"y" * 60_000)
    except ConnectionError:
        answer = b""
    assert answer == b""
    assert ask(endpoint, "GET", API + "runs/get?run_id=run-1")[0] == 200


def test_a_connection_that_shows_no_token_is_closed_soon(endpoint: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module._Handler, "timeout", 0.2)
    begun = time.monotonic()
    assert send(endpoint, b"POST /", timeout=30) == b""
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["Content-Length: -1"], 400),
        (["Content-Length: ten"], 400),
        (["Content-Length: " + "9" * 400], 413),
        (["Content-Length: 99999999999"], 413),
        (["Transfer-Encoding: chunked"], 411),
    ],
)
def test_a_length_that_is_none_is_refused(endpoint: Served, lines: list[str], status: int):
    answer = send(endpoint, head(AUTHORIZED, *lines))
    assert int(answer.split()[1]) == status
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error_code"] == "INVALID_PARAMETER_VALUE"


BATCH = API + "runs/log-batch"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (BATCH, '{"run_id": "run-1", "metrics": [1]}'),
        (BATCH, '{"run_id": "run-1", "metrics": {"a": 1}}'),
        (BATCH, '{"run_id": "run-1", "params": {"a": 1}}'),
        (BATCH, '{"run_id": "run-1", "tags": [[]]}'),
        (BATCH, '{"run_id": 5}'),
        (BATCH, '{"run_id": ["run-1"]}'),
        (BATCH, '{"run_id": "run-1", "metrics": [{"key": "m", "value": null}]}'),
        (BATCH, '{"run_id": "run-1", "metrics": [{"key": "m", "value": 1' + "0" * 400 + "}]}"),
        (BATCH, '{"run_id": "run-1", "metrics": [{"key": "m", "value": 1, "step": 1' + "0" * 40 + "}]}"),
        (BATCH, '{"run_id": "run-1", "params": [{"key": "\\ud800", "value": "x"}]}'),
        (BATCH, '{"run_id": "run-1", "x": ' + "[" * 100_000),
        (BATCH, "[" * 100_000),
        (API + "runs/create", '{"start_time": "abc"}'),
        (API + "runs/create", '{"tags": "x"}'),
        (API + "runs/update", '{"run_id": "run-1", "status": "DANCING"}'),
        (API + "runs/search", '{"experiment_ids": "0"}'),
        (API + "runs/search", '{"experiment_ids": ["0"], "max_results": -1}'),
        (API + "runs/search", '{"experiment_ids": ["0"], "page_token": "!!"}'),
        (API + "logged-models", '{"experiment_id": "0", "name": "a/b"}'),
        (API + "registered-models/create", '{"name": "../x"}'),
        (API + "registered-models/create", '{"name": "."}'),
        (API + "traces", '{"trace": {"trace_info": {"trace_id": "../../x"}}}'),
    ],
)
def test_a_malformed_request_gets_a_400(endpoint: Served, path: str, body: str):
    status, answer = ask(endpoint, "POST", path, body)
    assert status == 400
    assert answer["error_code"] in ("INVALID_PARAMETER_VALUE", "BAD_REQUEST")


@pytest.mark.parametrize("path", ["a%00b", "../..", "%2e%2e/%2e%2e"])
def test_a_path_outside_the_run_or_none_at_all_gets_a_400(endpoint: Served, path: str):
    assert ask(endpoint, "GET", f"{API}artifacts/list?run_id=run-1&path={path}")[0] == 400


def test_the_connection_outlives_a_malformed_request(endpoint: Served):
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=10)
    headers = {"Authorization": "Bearer secret"}
    connection.request("POST", BATCH, '{"metrics": [1]}', headers)
    assert connection.getresponse().read()
    connection.request("GET", API + "runs/get?run_id=run-1", headers=headers)
    assert connection.getresponse().status == 200
    connection.close()


def test_a_fault_of_ours_is_told_and_not_asked_for_again(endpoint: Served, monkeypatch: pytest.MonkeyPatch):
    """MLflow's client repeats a request for minutes that is answered with 500."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr("dressage_local.tracking.service.TrackingService.answer", broken)
    status, answer = ask(endpoint, "GET", API + "runs/get?run_id=run-1")
    assert (status, answer["message"]) == (501, "ZeroDivisionError: a fault")


def test_numbers_may_arrive_as_text_and_what_is_none_as_it_is(endpoint: Served):
    """Protocol buffers' JSON has 64-bit integers as text; other clients write NaN, which JSON does not have."""
    body = '{"run_id": "run-1", "metrics": [{"key": "m", "value": NaN, "step": "3"}]}'
    assert ask(endpoint, "POST", BATCH, body)[0] == 200
    (point,) = endpoint.tracked.metrics["m"]
    assert point.step == 3
    assert point.value != point.value
