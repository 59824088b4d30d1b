"""What the service is told to do wrong, and how slowly it is to work."""

import re
from dataclasses import dataclass, field

from tests.azureml_service.routing import Request, Response


@dataclass
class Fault:
    """The next `times` requests that match are answered with the status, dropped or delayed.

    path: a regular expression searched in the request's path. drop: nothing is done, and the connection closed.
    lose: the request is carried out, but the connection closed before the answer. expired_token: a 401 as for
    an old token. With none of them the request is answered as ever, after delay_s.
    """

    method: str
    path: str
    times: int = 1
    status: int | None = None
    retry_after: float | None = None
    drop: bool = False
    lose: bool = False
    delay_s: float = 0
    expired_token: bool = False

    def matches(self, request: Request) -> bool:
        wanted = self.method in ("*", request.method)
        return self.times > 0 and wanted and re.search(self.path, request.path, re.IGNORECASE) is not None

    def response(self) -> Response | None:
        """What is answered in place of the real answer."""
        if self.expired_token:
            return _error(
                401, "InvalidAuthenticationToken", "The access token has expired or is not yet valid."
            )
        if self.status is None:
            return None
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return _error(self.status, "ServiceFault", f"The service was told to answer {self.status}.", headers)


@dataclass
class Behaviour:
    """Durations in seconds of what takes time in Azure, and what fails.

    resizing: names of clusters that never get their nodes. without_quota: machine sizes that are refused.
    quotas: limits in cores by name, other than usual. troubles: what is the matter with clusters, by name: Failed or
    Canceled while they were made, hurt (they work, and a node had an error), foreign (of a kind the client lacks).
    image_error: why images fail to build. image_end: the state that they then end in.
    preempt_after_s: how long a script runs before its node goes away.
    preemptions: how many runs lose their node. grace_s: from SIGTERM to SIGKILL when a run is cancelled.
    run_error: why runs fail whose script has ended. keyless: whether the datastore keeps its key to itself.
    adfs: whether people log in at an AD FS, which turns them down.
    finalizing_s and the like: how long a run stays in a state at least.
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
    adfs: bool = False


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    return Response(status, {"error": {"code": code, "message": message, "details": []}}, headers or {})
