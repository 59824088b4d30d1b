"""Blobs that say which version of a dataset or model has a content, and who is registering it now.

The services cannot register only what is new, and that of datasets cannot look for a tag. So each content has a
blob in the default datastore. The client with its lease registers the content. The blob's text is the number of the
version of a dataset, once there is one. A user without rights on the datastore does without: then two users may
register the same content at once.
"""

import contextlib
import time

from failures import Problem, classify, retry
from storage import use_container

_LEASE_S = 60
_WAIT_S = 600
_PAUSE_S = 0.5
_TAKEN = (409, 412)
_REFUSED = ("forbidden", "credentials", "role", "firewall")


def read_version(workspace, name, digest):
    """Return the number of the version that was noted for the content; None if there is none."""
    try:
        text = use_container(
            workspace,
            lambda container: retry(lambda: _blob(container, name, digest).download_blob().readall()),
        )
    except Exception as error:
        if classify(error)[0] not in ("missing", *_REFUSED):
            raise
        return None
    return int(text) if text.isdigit() else None


@contextlib.contextmanager
def claim(workspace, name, digest, kind="dataset"):
    """Wait until nobody else registers the content. Yields a function that notes the number of its version; models
    need no such note, because they are found by a tag.

    kind: "dataset" or "model".
    """
    try:
        blob = use_container(workspace, lambda container: _create(_blob(container, name, digest, kind)))
    except Exception as error:
        if classify(error)[0] not in _REFUSED:
            raise
        yield lambda _: None
        return
    lease = _lease(blob, f"{kind} {name!r}")
    try:
        yield lambda version: blob.upload_blob(str(version).encode(), overwrite=True, lease=lease)
    finally:
        with contextlib.suppress(Exception):  # it ends by itself
            lease.release()


def _blob(container, name, digest, kind="dataset"):
    folder = {"dataset": "dressage", "model": "dressage-models"}[kind]
    return container.get_blob_client(f"{folder}/{name}/{digest}.version")


def _create(blob):
    """Create the blob without a text, unless it exists. Returns it."""
    try:
        retry(lambda: blob.upload_blob(b"", overwrite=False))
    except Exception as error:
        if getattr(error, "status_code", None) not in _TAKEN:
            raise
    return blob


def _lease(blob, what):
    """Return a lease of the blob, as soon as nobody else has one. A client that was killed has it for a minute."""
    deadline = time.monotonic() + _WAIT_S
    while True:
        try:
            return retry(lambda: blob.acquire_lease(_LEASE_S))
        except Exception as error:
            if getattr(error, "status_code", None) not in _TAKEN:
                raise
        if time.monotonic() > deadline:
            raise Problem(
                "timeout",
                f"{what} is being registered by another client for {_WAIT_S} s; run it again",
            )
        time.sleep(_PAUSE_S)
