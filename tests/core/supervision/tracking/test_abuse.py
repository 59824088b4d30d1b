"""What others on the machine, broken clients and hostile ones may not do to a run."""

import http.client
import json
import socket

import pytest
from tests.core.supervision.tracking.conftest import API, Served, ask

from dressage.supervision.tracking import endpoint as module


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


def test_of_large_bodies_without_a_token_no_more_is_taken_than_fits_the_sockets(endpoint: Served):
    taken = [_count_accepted_bytes(endpoint, head("Content-Length: 60000000"), 60_000_000) for _ in range(5)]
    assert max(taken) < 20_000_000


def _count_accepted_bytes(served: Served, first: bytes, count: int) -> int:
    """How many bytes of a body can be sent before the connection is closed."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall(first)
        sent = 0
        try:
            while sent < count:
                sent += connection.send(bytes(1 << 16))
        except OSError:
            pass
        return sent


def test_a_head_without_end_is_cut_off(endpoint: Served):
    try:
        answer = send(endpoint, head()[:-2] + b"X-Filler: " + b"x" * 60_000 + b"\r\nX-More: " + b"y" * 60_000)
    except ConnectionError:
        answer = b""
    assert answer == b""
    assert ask(endpoint, "GET", API + "runs/get?run_id=run-1")[0] == 200


def test_a_connection_that_shows_no_token_is_closed_soon(endpoint: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_TOKEN_TIMEOUT_S", 0.2)
    with socket.create_connection(("127.0.0.1", endpoint.port), timeout=60) as connection:
        connection.sendall(b"POST /")
        assert connection.recv(100) == b""


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


def test_a_fault_of_ours_is_reported_counted_and_not_asked_for_again(endpoint: Served):
    """MLflow's client repeats for minutes what is answered with 500. A damaged file stands for the fault."""
    folder = endpoint.workspace / "models" / "net"
    folder.mkdir(parents=True)
    (folder / "registry.json").write_text("{")
    status, answer = ask(endpoint, "GET", API + "registered-models/get?name=net")
    assert status == 507
    assert "registry.json' is damaged" in answer["message"]
    assert "GET registered-models/get" in endpoint.tracked.refused


def test_a_client_that_stops_sending_its_body_is_no_fault_of_the_journal(
    endpoint: Served, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "_IDLE_TIMEOUT_S", 0.2)
    assert send(endpoint, head(AUTHORIZED, "Content-Length: 100") + b"{", timeout=30) == b""
    assert endpoint.tracked.refused == {}


def test_numbers_may_arrive_as_text_and_what_is_none_as_it_is(endpoint: Served):
    """Protocol buffers' JSON has 64-bit integers as text; other clients write NaN, which JSON does not have."""
    body = '{"run_id": "run-1", "metrics": [{"key": "m", "value": NaN, "step": "3"}]}'
    assert ask(endpoint, "POST", BATCH, body)[0] == 200
    (point,) = endpoint.tracked.metrics["m"]
    assert point.step == 3
    assert point.value != point.value


def test_a_body_that_is_cut_off_does_nothing(endpoint: Served):
    first = (
        f"POST {API}runs/create HTTP/1.1\r\nHost: 127.0.0.1\r\n{AUTHORIZED}\r\nContent-Length: 200\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", endpoint.port), timeout=10) as connection:
        connection.sendall(first.encode())
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b""
    assert list(endpoint.journal.events()) == []


def test_strangers_do_not_keep_the_script_out(endpoint: Served):
    """Each holds a descriptor of the supervisor's, and says nothing."""
    strangers = [
        socket.create_connection(("127.0.0.1", endpoint.port))
        for _ in range(module._MAX_UNAUTHENTICATED + 10)
    ]
    assert ask(endpoint, "GET", API + "runs/get?run_id=run-1")[0] == 200
    for stranger in strangers:
        stranger.close()


def test_a_body_that_is_too_large_is_answered(endpoint: Served):
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=30)
    connection.request("POST", BATCH, bytes(70 << 20), {"Authorization": "Bearer secret"})
    response = connection.getresponse()
    assert (response.status, json.loads(response.read())["error_code"]) == (413, "INVALID_PARAMETER_VALUE")
    connection.close()


@pytest.mark.parametrize("first", ["OPTIONS / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "nonsense\r\n\r\n"])
def test_what_http_itself_refuses_is_json_too(endpoint: Served, first: str):
    answer = send(endpoint, first.encode())
    assert json.loads(answer.rpartition(b"\r\n\r\n")[2])["message"]
