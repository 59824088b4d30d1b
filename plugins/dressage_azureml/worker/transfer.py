"""Bytes from signed addresses, resumed where a connection was dropped."""

import functools
import os

from failures import patiently

_PIECE = 1 << 20


@functools.cache
def session():
    """Connections that are kept."""
    import requests

    return requests.Session()


def fetch(address, path, tell):
    """Put the bytes at the address into the file, going on where an earlier attempt stopped."""
    partial = path + ".partial"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    patiently(lambda: _resume(address, partial, tell))
    os.replace(partial, path)


def _resume(address, partial, tell):
    there = os.path.getsize(partial) if os.path.exists(partial) else 0
    with session().get(address, headers={"Range": f"bytes={there}-"}, stream=True, timeout=60) as answer:
        if answer.status_code == 416:  # all of it is there
            return
        answer.raise_for_status()
        mode = "ab" if answer.status_code == 206 else "wb"
        done = there if mode == "ab" else 0
        length = answer.headers.get("Content-Length")
        total = done + int(length) if length else None
        with open(partial, mode) as file:
            for piece in answer.iter_content(_PIECE):
                file.write(piece)
                done += len(piece)
                tell(os.path.basename(partial)[: -len(".partial")], done, total)
    if total is not None and done < total:
        raise ConnectionError(f"{done} of {total} bytes arrived")
