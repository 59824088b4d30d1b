"""Turn SDK exceptions into one line: which resource, what happened, and what to do next."""

import contextlib
import json
import re
import time


class Problem(Exception):  # noqa: N818 - a problem that the user can solve
    """An error for the user. kind: a category that callers compare; text: the line that is shown."""

    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind


_NEXT = {
    "credentials": "log in with `az login`, or set platforms.azureml.auth to service-principal or managed-identity",
    "forbidden": "ask the workspace's owner for the Contributor role",
    "role": "ask for the role Storage Blob Data Contributor on the workspace's storage account",
    "firewall": "the storage account refuses this network; ask its owner to allow it, or run from an allowed one",
    "subscription": "check the subscription in config.json, or log in to the tenant that it belongs to",
    "missing": "check the name, and the workspace in config.json",
    "quota": "choose another size, or ask for quota in the Azure portal",
    "network": "check the network and run it again; nothing is lost",
    "busy": "run it again in a minute; nothing is lost",
}


_STORAGE_CODES = {"AuthorizationPermissionMismatch": "role", "AuthorizationFailure": "firewall"}
"""Error codes of storage: https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes"""
_POLL_S = 2.0
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
def translate_errors(method, arguments):
    """Raise whatever the SDK raises in the block as a Problem."""
    try:
        yield
    except Problem:
        raise
    except BaseException as error:
        kind, words = classify(error)
        subject = _subject(method, arguments)
        step = f"; {_NEXT[kind]}" if kind in _NEXT else ""
        raise Problem(kind, f"{subject}: {words}{step}") from error


def classify(error):
    """Return the kind and the message of an SDK exception."""
    status, words, names = _status(error), _words(error), {type(one).__name__ for one in _chain(error)}
    code = next((one.error_code for one in _chain(error) if getattr(one, "error_code", None)), None)
    kinds = {
        **{kind: code == known for known, kind in _STORAGE_CODES.items()},
        "network": status is None and (names & _NETWORK or "Max retries exceeded" in words),
        "subscription": "access to" in words and "subscription" in words,
        "credentials": status == 401 or names & _CREDENTIALS,
        "quota": re.search(r"quota", words, re.IGNORECASE),
        "forbidden": status == 403,
        "missing": status == 404 or names & _MISSING or re.search("NotFound|Cannot find dataset", words),
        "busy": status in (429, 500, 502, 503, 504),
    }
    kind = next((kind for kind, matches in kinds.items() if matches), "refused")
    host = re.search(r"host='([^']+)'", words) if kind == "network" else None
    return kind, f"{host[1]} cannot be reached" if host else words


def _chain(error):
    """Return the exception and its causes. Some SDK exceptions store the cause as `inner_exception`."""
    seen = []
    while isinstance(error, BaseException) and error not in seen:
        seen.append(error)
        inner = getattr(error, "inner_exception", None)
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__
    return seen


def _status(error):
    """Return the HTTP status of the error, or None."""
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
    in_text = re.search(r"\bCode: (\d{3})\b", str(error))  # some SDK exceptions contain only text
    return int(in_text[1]) if in_text else None


def _words(error):
    """Return the service's own message, or the SDK's if there is none, on one line and without repetitions."""
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
    text = re.sub(r"\?[^\s'\"]*\bsig=[^\s'\"]*", "", text)  # a signed URL is a secret
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


def retry(act, attempts=6):
    """Return act(). While the service is busy or unreachable, call it again after growing pauses."""
    for attempt in range(attempts):
        try:
            return act()
        except Exception as error:
            if classify(error)[0] not in ("busy", "network") or attempt == attempts - 1:
                raise
            time.sleep(min(0.25 * 2**attempt, 5))
    raise AssertionError("the last attempt returns or raises")


def poll(timeout_s):
    """Yield at once and then every few seconds, until timeout_s is over."""
    deadline = time.monotonic() + timeout_s
    while True:
        yield
        if time.monotonic() > deadline:
            return
        time.sleep(_POLL_S)


def act_once(act, find):
    """Return act(). If its answer is lost, return what it created, found by find()."""
    try:
        return act()
    except Exception as error:
        found = find() if classify(error)[0] in ("busy", "network") else None
        if found is None:
            raise
        return found
