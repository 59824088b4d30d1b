"""Faults and delays of the service, as tests configure them."""

import re
from dataclasses import dataclass, field

from tests.azureml_service.routing import Request, Response


@dataclass
class Fault:
    """The next `times` requests that match are answered with the status, dropped or delayed.

    path: a regular expression searched in the request's path. drop: close the connection without doing anything.
    lose: carry out the request, then close the connection without an answer. expired_token: answer 401, as for an
    expired token. Without any of them, the request is answered normally after delay_s.
    late_s: time from carrying out the request to its answer. after: how many requests that match are answered
    normally before.
    """

    method: str
    path: str
    times: int = 1
    status: int | None = None
    retry_after: float | None = None
    drop: bool = False
    lose: bool = False
    delay_s: float = 0
    late_s: float = 0
    after: int = 0
    expired_token: bool = False

    def matches(self, request: Request) -> bool:
        wanted = self.method in ("*", request.method)
        if self.times < 1 or not wanted or re.search(self.path, request.path, re.IGNORECASE) is None:
            return False
        self.after -= 1
        return self.after < 0

    def response(self) -> Response | None:
        """Return the response that replaces the real one, or None."""
        if self.expired_token:
            return _error(
                401, "InvalidAuthenticationToken", "The access token has expired or is not yet valid."
            )
        if self.status is None:
            return None
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return _error(self.status, "ServiceFault", f"A test configured the status {self.status}.", headers)


@dataclass
class Behaviour:
    """How long operations take (in seconds), and which fail.

    resizing: names of clusters that never get nodes. without_quota: machine sizes that are refused.
    quotas: limits in cores by name, if not the default. troubles: by cluster name: Failed or Canceled (its creation),
    hurt (it works, but a node had an error), foreign (a kind that the client does not know).
    image_error: why image builds fail. image_end: the state in which they end then.
    preempt_after_s: how long a script runs before its node is preempted. preemptions: how many runs lose their node.
    grace_s: time from SIGTERM to SIGKILL when a run is canceled. run_error: why runs fail after their script ended.
    keyless: whether the datastore has no credentials. without_keys: whether the storage account refuses keys and
    signatures, so that users need a role; storage_role: whether they have it.
    adfs: whether users sign in with AD FS, which declines them.
    starting_s, preparing_s, queued_s, finalizing_s: minimum time of a run in a state.
    """

    creating_s: float = 0
    deleting_s: float = 0
    resizing: list[str] = field(default_factory=list)
    without_quota: list[str] = field(default_factory=list)
    quotas: dict[str, int] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)
    image_s: float = 0
    image_error: str | None = None
    image_end: str = "Failed"
    starting_s: float = 0
    preparing_s: float = 0
    queued_s: float = 0
    finalizing_s: float = 0
    preempt_after_s: float | None = None
    preemptions: int = 1
    grace_s: float = 5
    run_error: str | None = None
    keyless: bool = False
    without_keys: bool = False
    storage_role: bool = True
    adfs: bool = False


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    return Response(status, {"error": {"code": code, "message": message, "details": []}}, headers or {})
