"""SDK exceptions as one line each: which resource, what happened, and what to do next."""

import contextlib
import json
import re
import time


class Problem(Exception):  # noqa: N818 - it is one, for the user to solve
    """kind: what a caller may want to tell apart; the text is the line."""

    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind


_NEXT = {
    "credentials": "log in with `az login`, or set platforms.azureml.auth to service-principal or managed-identity",
    "forbidden": "ask the workspace's owner for the Contributor role",
    "subscription": "check the subscription in config.json, or log in to the tenant that it belongs to",
    "missing": "check the name, and the workspace in config.json",
    "quota": "choose another size, or ask for quota in the Azure portal",
    "network": "check the network and run it again; nothing is lost",
    "busy": "run it again in a minute; nothing is lost",
}


_LOOK_S = 2.0
_CREDENTIALS = {"AuthenticationException", "ClientAuthenticationError", "CredentialUnavailableError"}
_MISSING = {"ModelNotFoundException", "ResourceNotFoundError"}
_NETWORK = {
    *("ConnectionError", "Timeout", "ReadTimeout", "ConnectTimeout", "ChunkedEncodingError", "ProtocolError"),
    *(
        "NewConnectionError",
        "MaxRetryError",
        "SSLError",
        "ConnectionResetError",
        "ConnectionRefusedError",
        "RemoteDisconnected",
    ),
    *("ServiceRequestError", "ServiceResponseError", "ClientRequestError"),
}


@contextlib.contextmanager
def translated(method, arguments):
    try:
        yield
    except Problem:
        raise
    except BaseException as error:
        kind, words = told(error)
        subject = _subject(method, arguments)
        step = f"; {_NEXT[kind]}" if kind in _NEXT else ""
        raise Problem(kind, f"{subject}: {words}{step}") from error


def told(error):
    """The kind and the words of whatever the SDK raised."""
    status, words, names = _status(error), _words(error), {type(one).__name__ for one in _chain(error)}
    kinds = {
        "network": status is None and (names & _NETWORK or "Max retries exceeded" in words),
        "subscription": "access to" in words and "subscription" in words,
        "credentials": status == 401 or names & _CREDENTIALS,
        "quota": re.search(r"quota", words, re.IGNORECASE),
        "forbidden": status == 403,
        "missing": status == 404 or names & _MISSING or re.search("NotFound|Cannot find dataset", words),
        "busy": status in (429, 500, 502, 503, 504),
    }
    kind = next((kind for kind, holds in kinds.items() if holds), "refused")
    host = re.search(r"host='([^']+)'", words) if kind == "network" else None
    return kind, f"{host[1]} cannot be reached" if host else words


def _chain(error):
    """The exception and what led to it; the SDK keeps that under names of its own too."""
    seen = []
    while isinstance(error, BaseException) and error not in seen:
        seen.append(error)
        inner = getattr(error, "inner_exception", None)
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__
    return seen


def _status(error):
    for one in _chain(error):
        response = getattr(one, "response", None)
        codes = (
            getattr(one, "status_code", None),
            getattr(response, "status_code", None),
            getattr(one, "code", None),
        )
        for found in codes:
            if isinstance(found, int):
                return found
    written = re.search(r"\bCode: (\d{3})\b", str(error))  # some of the SDK raises nothing but text
    return int(written[1]) if written else None


def _words(error):
    """The service's own message where there is one, else the SDK's, without its frames and repeats."""
    text = getattr(error, "message", None) or str(error) or type(error).__name__
    if denied := re.search(r"You don't have access to (\S+) subscription", text):
        return f"these credentials have no access to subscription {denied[1]}"
    inner = re.search(r'\{\s*"?error"?.*\}', text, re.DOTALL)
    if inner:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            found = json.loads(inner[0])["error"]
            text = found.get("message") or text
    response = re.search(r'"message": ?"((?:[^"\\]|\\.)+)"', text)
    text = response[1] if response else text
    text = re.sub(r"\?[^\s'\"]*\bsig=[^\s'\"]*", "", text)  # a signed address is a secret
    return " ".join(text.split())[:400].rstrip(" .;")


def _subject(method, arguments):
    area = method.split(".")[0]
    name = arguments.get("run_id" if area == "runs" else "name")
    workspace = arguments["workspace"]["workspace_name"]
    nouns = {
        "datasets": "dataset",
        "compute": "compute target",
        "environments": "environment",
        "runs": "run",
        "models": "model",
    }
    noun = nouns.get(area)
    return f"{noun} {name!r} in workspace {workspace!r}" if noun and name else f"workspace {workspace!r}"


def patiently(act, attempts=6):
    """What `act` answers; tried again, ever later, while the service is busy or out of reach."""
    for attempt in range(attempts):
        try:
            return act()
        except Exception as error:
            if told(error)[0] not in ("busy", "network") or attempt == attempts - 1:
                raise
            time.sleep(min(0.25 * 2**attempt, 5))
    raise AssertionError("the last attempt answers or raises")


def looks(timeout_s):
    """Time after time, a moment apart, for as long as that; what takes longer ends the loop that looks."""
    deadline = time.monotonic() + timeout_s
    while True:
        yield
        if time.monotonic() > deadline:
            return
        time.sleep(_LOOK_S)


def surely(act, look):
    """What `act` makes; where only the answer was lost, what `look` finds of it."""
    try:
        return act()
    except Exception as error:
        found = look() if told(error)[0] in ("busy", "network") else None
        if found is None:
            raise
        return found
