"""Send one event with one request. The delivering process repeats it if it fails."""

import base64
import hashlib
import hmac
import json
import math
import os
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from dressage.errors import SettingsError, StageError, UnreachableError
from dressage.files.encoding import to_json
from dressage.results.metrics import json_number
from dressage.results.notices import Notice
from dressage_webhook.options import Options, address_of

_BASE64 = "whsec_"
"""Prefix of a secret that is written in base64."""
_AGAIN = (408, 425, 429)
"""Statuses, beside those of server errors, after which the same request may succeed."""


def send(kind: str, event: Notice, options: Options) -> None:
    """Send an event. kind: the name of its hook.

    Raises UnreachableError if the same request may succeed later, StageError if the receiver refuses it. No message
    contains the address: it may be secret.
    """
    address = address_of(options)
    host = urlsplit(address).hostname
    body = body_of(kind, event, with_reason=options.reasons)
    headers = {"content-type": "application/json", "user-agent": "dressage"}
    headers |= sign(event.event_id, body, secret_of(options), int(time.time()))
    try:
        # Redirects are not followed: another host must not get what is signed for this one.
        answer = httpx.post(address, content=body, headers=headers, timeout=options.timeout_s)
    except httpx.HTTPError as error:
        raise UnreachableError("observer", f"{host} cannot be reached: {type(error).__name__}") from error
    if answer.is_success:
        return
    message = f"{host} answered {answer.status_code} {answer.reason_phrase}"
    if answer.is_server_error or answer.status_code in _AGAIN:
        pause_s = read_retry_after(answer.headers.get("retry-after"))
        raise UnreachableError("observer", message, retry_after_s=pause_s)
    if answer.is_redirect:
        message += "; redirects are not followed: set the new address"
    raise StageError("observer", message)


def body_of(kind: str, event: Notice, *, with_reason: bool) -> bytes:
    """Return the body of the request: JSON with the keys type, timestamp and data."""
    data = to_json(event)
    if not with_reason:
        data.pop("reason", None)
    content = {"type": kind.replace("_", ".", 1), "timestamp": event.time, "data": _finite(data)}
    return json.dumps(content, separators=(",", ":"), allow_nan=False).encode()


def sign(event_id: str, body: bytes, secret: bytes | None, timestamp: int) -> Mapping[str, str]:
    """Return the headers that identify and sign a request. timestamp: seconds since 1970. secret: None: unsigned."""
    headers = {"webhook-id": event_id, "webhook-timestamp": str(timestamp)}
    if secret is not None:
        signed = f"{event_id}.{timestamp}.".encode() + body
        digest = hmac.new(secret, signed, hashlib.sha256).digest()
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers


def secret_of(options: Options) -> bytes | None:
    """Return the secret's bytes; None if requests are not signed. Raises SettingsError if it is not base64."""
    if options.secret_env is None:
        return None
    text = os.environ[options.secret_env]
    if not text.startswith(_BASE64):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix(_BASE64), validate=True)
    except ValueError as error:
        raise SettingsError(
            f"{options.secret_env} is not valid base64 after {_BASE64!r}; correct it"
        ) from error


def read_retry_after(value: str | None) -> float | None:
    """Return the seconds that a `Retry-After` header asks for; None if there is none that can be read."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _finite(value: Any) -> Any:
    """Return a JSON value in which NaN and the infinities are text, as in the JSON of protocol buffers."""
    if isinstance(value, float):
        return json_number(value)
    if isinstance(value, Mapping):
        return {name: _finite(item) for name, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
