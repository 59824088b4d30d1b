"""The options of the webhook observer."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from dressage.errors import SettingsError
from dressage.specs.addresses import is_address
from dressage.specs.settings import setting

Event = Literal[
    "run_created",
    "stage_finished",
    "run_state_changed",
    "parameters_logged",
    "metrics_logged",
    "tags_changed",
    "run_finished",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `[observers.webhook]` may contain."""

    url: str | None = setting(None, help="address to send events to; without it and url_env, nothing is sent")
    url_env: str | None = setting(
        None, help="variable with the address, if the address is secret, as in chat programs"
    )
    secret_env: str | None = setting(None, help="variable with the secret that requests are signed with")
    events: tuple[Event, ...] = setting(("run_finished",), help="events to send")
    experiments: tuple[str, ...] = setting((), help="experiments whose runs are sent; none listed: all")
    reasons: bool = setting(
        False, help="also send the reason of a failure, which may quote a line of the script's output"
    )
    timeout_s: float = setting(10.0, help="seconds to wait for an answer", minimum=0.1, maximum=50)


def address_of(options: Options, environ: Mapping[str, str] | None = None) -> str:
    """Return the address to send to. Raises SettingsError, without the address, if it cannot be used."""
    environ = os.environ if environ is None else environ
    address = environ.get(options.url_env, "") if options.url_env else options.url or ""
    where = options.url_env or "option url"
    if not is_address(address):
        raise SettingsError(f"observer 'webhook': {where} is not an http(s) address; correct it")
    parts = urlsplit(address)
    if not options.url_env and (parts.username or parts.password):
        raise SettingsError(
            "observer 'webhook': option url contains a password; put the address into a variable, and name it with"
            " url_env"
        )
    return address
