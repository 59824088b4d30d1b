"""Download from signed URLs, resumed after a dropped connection."""

import functools
import hashlib
import os

from failures import retry

_PIECE = 1 << 20


@functools.cache
def session():
    """Return the HTTP session that all requests share."""
    import requests

    return requests.Session()


def fetch(address, path, progress):
    """Download the address to the file, continuing an interrupted download."""
    folder, name = os.path.split(path)
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()
    partial = os.path.join(folder, f".{digest[:16]}.partial")  # the name may be the longest that is allowed
    os.makedirs(folder, exist_ok=True)
    retry(lambda: _resume(address, partial, lambda done, total: progress(name, done, total)))
    os.replace(partial, path)


def _resume(address, partial, count):
    start = os.path.getsize(partial) if os.path.exists(partial) else 0
    with session().get(address, headers={"Range": f"bytes={start}-"}, stream=True, timeout=60) as answer:
        if answer.status_code == 416:  # the file is complete
            return
        answer.raise_for_status()
        if answer.status_code == 206 and not answer.headers.get("Content-Range", "").startswith(
            f"bytes {start}-"
        ):
            raise ConnectionError("the answer is another part of the file than requested")
        mode = "ab" if answer.status_code == 206 else "wb"
        done = start if mode == "ab" else 0
        length = answer.headers.get("Content-Length")
        total = done + int(length) if length else None
        with open(partial, mode) as file:
            for piece in answer.iter_content(_PIECE):
                file.write(piece)
                done += len(piece)
                count(done, total)
    if total is not None and done < total:
        raise ConnectionError(f"{done} of {total} bytes arrived")
