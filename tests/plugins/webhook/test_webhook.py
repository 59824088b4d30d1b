"""The webhook observer: what arrives, signed how, and what happens if the receiver does not take it."""

import base64
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from tests.core.delivery.conftest import Observers, observers  # noqa: F401 (a fixture)
from tests.plugins.webhook.receiver import Receiver, serving
from tests.recipes import Tiny
from tests.waiting import eventually

from dressage import Engine, SettingsError, StageError, UnreachableError
from dressage.results.notices import LoggedMetric, LoggedMetrics, RunEnd
from dressage_webhook.options import Options, address_of
from dressage_webhook.plugin import enabled
from dressage_webhook.sending import body_of, read_retry_after, send, sign

COMMON: dict[str, Any] = {
    "event_id": "iris-1:90",
    "run_id": "iris-1",
    "recipe": "iris",
    "experiment": "night",
    "platform": "local",
    "attempt": 1,
    "time": "2026-11-29T09:00:00.000Z",
}
END = RunEnd(**COMMON, state="Failed", reason="the script ended: token=abc", exit_code=1)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with serving() as found:
        yield found


@pytest.fixture
def options(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Options:
    """Options that send to the receiver, with a secret."""
    monkeypatch.setenv("HOOK_URL", receiver.address)
    monkeypatch.setenv("HOOK_SECRET", "whsec_" + base64.b64encode(b"key").decode())
    return Options(url_env="HOOK_URL", secret_env="HOOK_SECRET")


def test_the_signature_is_that_of_standard_webhooks():
    """The example of the specification's reference libraries."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = sign("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', secret, 1614265330)
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_request_has_the_event_as_json_and_a_signature_of_its_bytes(receiver: Receiver, options: Options):
    send("run_finished", END, options)
    ((headers, body),) = receiver.requests
    assert json.loads(body)["type"] == "run.finished"
    assert json.loads(body)["data"]["state"] == "Failed"
    assert headers["webhook-id"] == END.event_id
    signed = f"{END.event_id}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(b"key", signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


def test_a_reason_is_sent_only_on_request():
    assert b"token" not in body_of("run_finished", END, with_reason=False)
    assert b"token" in body_of("run_finished", END, with_reason=True)


def test_values_that_are_not_numbers_are_text_in_the_body():
    metric = LoggedMetric(name="loss", value=float("nan"), step=1, timestamp=1)
    body = body_of("metrics_logged", LoggedMetrics(**COMMON, metrics=(metric,)), with_reason=False)
    assert json.loads(body)["data"]["metrics"][0]["value"] == "NaN"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_receiver_is_unreachable_for_as_long_as_it_says(
    status: int, receiver: Receiver, options: Options
):
    receiver.answers = [(status, {"retry-after": "7"})]
    with pytest.raises(UnreachableError, match=rf"^127\.0\.0\.1 answered {status} ") as raised:
        send("run_finished", END, options)
    assert raised.value.retry_after_s == 7


def test_a_refusal_is_an_error(receiver: Receiver, options: Options):
    receiver.answers = [(401, {})]
    with pytest.raises(StageError, match="answered 401") as raised:
        send("run_finished", END, options)
    assert not isinstance(raised.value, UnreachableError)


def test_a_redirect_is_not_followed(receiver: Receiver, options: Options):
    with serving() as other:
        receiver.answers = [(307, {"location": other.address})]
        with pytest.raises(StageError, match="redirects are not followed"):
            send("run_finished", END, options)
        assert other.requests == []


def test_a_receiver_that_is_down_is_unreachable_and_its_address_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = Options(url=f"http://127.0.0.1:{port}/hidden", timeout_s=1)
    with pytest.raises(UnreachableError) as raised:
        send("run_finished", END, options)
    assert "hidden" not in str(raised.value)


def test_a_time_after_which_to_retry_may_be_a_date():
    assert read_retry_after(formatdate(time.time() + 100, usegmt=True)) == pytest.approx(100, abs=5)
    assert [read_retry_after(text) for text in (None, "soon", "nan", "-3")] == [None, None, None, 0.0]


@pytest.mark.parametrize("address", ["", "ftp://x", "https://", "https://host:port", "chat.example"])
def test_an_address_that_cannot_be_used_is_refused(address: str):
    with pytest.raises(SettingsError, match=r"option url is not an http\(s\) address"):
        address_of(Options(url=address))


def test_a_password_in_a_setting_is_refused_without_showing_it():
    with pytest.raises(SettingsError, match="contains a password") as raised:
        enabled(Options(url="https://user:s3cret@chat.example"))
    assert "s3cret" not in str(raised.value)


def test_without_an_address_it_is_not_enabled():
    assert not enabled(Options())


def test_the_end_of_a_run_arrives_signed_with_nothing_secret(
    project: Path,
    tiny: Tiny,
    receiver: Receiver,
    observers: Observers,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("HOOK_SECRET", "s3cret")
    url = json.dumps(receiver.address)
    (project / "dressage.toml").write_text(
        f'[observers.webhook]\nurl = {url}\nsecret_env = "HOOK_SECRET"\nevents = ["run_created", "run_finished"]\n'
    )
    tiny.variables = {"API_TOKEN": "hunter2"}
    receiver.answers = [(503, {"retry-after": "0"}), (500, {})]
    engine = Engine(project)
    engine.plugins.add("recipe", "tiny", tiny)
    run = engine.run("tiny", set={"rate": "0.123456"})
    assert run.wait(60).state == "Completed"
    eventually(lambda: len(receiver.requests) >= 4)
    assert [json.loads(request.body)["type"] for request in receiver.requests] == [
        *["run.created"] * 3,
        "run.finished",
    ]
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 2
    sent = b"".join(request.body for request in receiver.requests)
    for secret in (b"s3cret", b"hunter2", b"0.123456", str(project).encode()):
        assert secret not in sent
