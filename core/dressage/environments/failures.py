"""Errors of uv: a summary in one line, and what to do about it."""

import re

_LIMIT = 400

_STEPS = (
    (r"lack of valid authentication", "correct the credentials in the index's address"),
    (r"no space left|disk quota", "free some space, then run the command again"),
    (
        r"not found in the package registry",
        "correct the name in the requirements, or name the index that has it",
    ),
    (r"no solution found|unsatisfiable", "change the requirements so that the versions fit together"),
    (
        r"couldn't parse|expected version|invalid requirement",
        "correct that requirement",
    ),
    (
        r"dns error|client error|error sending request|timed out|connection|tunnel|certificate|connectivity",
        "check the network (HTTPS_PROXY, SSL_CERT_FILE, UV_DEFAULT_INDEX), then run the command again",
    ),
    (r"failed to build|build backend", "ask for a version that has a wheel for this Python and machine"),
    (
        r"hash mismatch|hash",
        "the index has other files than were resolved; build the environment with --upgrade",
    ),
)


def summarize(errors: str) -> str:
    """Return the error and the first and last of its causes."""
    # The path of our temporary requirements file does not help users.
    errors = re.sub(r" in `[^`]*requirements\.(in|txt)`( at position \d+)?", "", errors)
    parts = list(dict.fromkeys(_parts(errors)))
    summary = ": ".join(parts if len(parts) < 3 else [parts[0], parts[1], parts[-1]]) or "uv printed nothing"
    return summary if len(summary) <= _LIMIT else f"{summary[:_LIMIT]} ..."


def next_step(errors: str) -> str:
    """Return what the user can do about the error."""
    for pattern, step in _STEPS:
        if re.search(pattern, errors, re.IGNORECASE):
            return step
    return "see the output of uv"


def unreachable_index(errors: str) -> str | None:
    """Return the name of the index that could not be reached, as `without_credentials` writes it; None if none is."""
    found = re.search(r"Failed to fetch: <([\w.-]+)>", errors)
    return found[1] if found else None


def _parts(errors: str) -> list[str]:
    """Split into errors and causes. uv marks them with `error:` and `cause:`, older versions with symbols."""
    parts: list[str] = []
    for line in errors.splitlines():
        started = re.match(r"\s*(?:error:|cause:|Caused by:|\u00d7|╰─▶|├─▶)\s*(?P<rest>.*)", line)
        if started:
            parts.append(started["rest"].rstrip(".:"))
        elif re.match(r"\s*(\[std|--- std|hint:|help:|warning:|\^)", line):
            continue
        elif parts and line.startswith((" ", "│")):
            parts[-1] = f"{parts[-1]} {line.strip(' │')}".rstrip(" .:")
    return [" ".join(part.split()) for part in parts] or errors.split("\n")[-2:-1]
