"""Download a dataset's files into the object store."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dressage.errors import StageError
from dressage.files.digests import digest_of, digest_of_file
from dressage.files.disk import name_in_errors
from dressage.platforms.protocols import Progress
from dressage.results.versions import File
from dressage.specs.credentials import hide_credentials
from dressage.specs.datasets import WEB, Source
from dressage.specs.downloads import DEFAULT_LIMITS, DownloadLimits
from dressage.storage.download.failures import RefusedError, TransientError
from dressage.storage.download.pace import Deadline
from dressage.storage.download.partial import Partial
from dressage.storage.download.sign_in import NotKnownError, sign_in
from dressage.storage.importing import MismatchError, find_local, import_files
from dressage.storage.objects import ObjectStore

if TYPE_CHECKING:
    from dressage.storage.download.client import Client

_POLL_S = 0.1
"""How often to check whether another process has finished a file that we need too."""


def fetch(
    sources: Sequence[Source],
    store: ObjectStore,
    partials: Path,
    progress: Progress,
    *,
    limits: DownloadLimits = DEFAULT_LIMITS,
    connections: int = 8,
) -> tuple[File, ...]:
    """Download all sources into the store, several at a time; files that the store has are not downloaded.

    partials: the folder for unfinished files. Raises StageError with the file, and each address and why it failed.
    """
    fetching = _Fetching(store, partials, _Meter(sources, progress), limits, connections)
    pool = ThreadPoolExecutor(min(connections, len(sources)))
    try:
        return tuple(pool.map(fetching.fetch, sources))
    finally:
        fetching.stop.set()
        pool.shutdown(cancel_futures=True)
        fetching.close()


class _Meter:
    """Counts the bytes of all files, and reports them to the listener, one call at a time."""

    def __init__(self, sources: Sequence[Source], progress: Progress) -> None:
        sizes = [source.size for source in sources]
        self._total = sum(size for size in sizes if size) if None not in sizes else None
        self._what = sources[0].path if len(sources) == 1 else f"{len(sources)} files"
        self._progress = progress
        self._done = 0
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        with self._lock:
            self._done += count
            self._progress(self._what, self._done, self._total)


class _Fetching:
    def __init__(
        self, store: ObjectStore, partials: Path, meter: _Meter, limits: DownloadLimits, connections: int
    ) -> None:
        self._store = store
        self._partials = partials
        self._meter = meter
        self._limits = limits
        self._connections = connections
        self._opening = threading.Lock()
        self.stop = threading.Event()

    @cached_property
    def _client(self) -> "Client":
        from dressage.storage.download.client import Client

        return Client(self._connections)

    def close(self) -> None:
        if "_client" in self.__dict__:
            self._client.close()

    def fetch(self, source: Source) -> File:
        if found := self._find(source):
            return found
        partial = Partial(
            self._partials, source.sha256 or digest_of([*map(hide_credentials, source.addresses)])
        )
        with self._lock(partial):
            return self._find(source) or self._download(source, partial)

    def _find(self, source: Source) -> File | None:
        if source.sha256 is None or not self._store.has(source.sha256):
            return None
        size = self._store.path(source.sha256).stat().st_size
        self._meter.add(size)
        return File(path=source.path, size=size, sha256=source.sha256)

    def _download(self, source: Source, partial: Partial) -> File:
        """Download the file from the first of its addresses that works."""
        failures, deadline = [], Deadline(self._limits, self.stop)
        for address in source.addresses:
            try:
                return self._download_from(address, source, partial, deadline)
            except _UnusableError as error:
                failures.append(f"{hide_credentials(address)}: {hide_credentials(str(error))}")
            if deadline.is_over:
                break
        is_local = not any(map(_is_remote, source.addresses))
        verb, hint = (
            ("copy", "check the file") if is_local else ("download", "check the address and the network")
        )
        raise StageError(
            "dataset",
            f"cannot {verb} {source.path!r}: {'; '.join(failures)}; {hint}, then run the command again",
        )

    def _download_from(self, address: str, source: Source, partial: Partial, deadline: Deadline) -> File:
        if not _is_remote(address):
            return self._copy_from_disk(address, source)
        try:
            is_page = self._transfer_bytes(sign_in(address), source, partial, deadline)
        except NotKnownError as error:
            raise _UnusableError(str(error)) from error
        digest = digest_of_file(partial.path)
        if source.sha256 not in (None, digest):
            partial.discard()
            raise _UnusableError(
                _mismatch(source, digest) + ("; the server sent a web page" if is_page else "")
            )
        size = partial.path.stat().st_size
        self._store.adopt(partial.path, digest)
        partial.close()
        return File(path=source.path, size=size, sha256=digest)

    def _copy_from_disk(self, address: str, source: Source) -> File:
        wanted = find_local(replace(source, addresses=(address,)))
        if wanted is None:
            raise _UnusableError("the file does not exist")
        if source.size not in (None, wanted.stamp.size):
            raise _UnusableError(f"the file has {wanted.stamp.size} bytes, expected {source.size}")
        try:
            return next(import_files([wanted], self._store, self._meter.add))
        except MismatchError as error:
            raise _UnusableError(_mismatch(source, error.digest)) from error

    def _transfer_bytes(self, address: str, source: Source, partial: Partial, deadline: Deadline) -> bool:
        """Download an address into the partial file. Returns whether the server sent a web page."""
        from dressage.storage.download.transfer import Transfer

        with self._opening:
            client = self._client
        transfer = Transfer(
            client,
            address,
            source,
            partial,
            limits=self._limits,
            deadline=deadline,
            connections=self._connections,
            count=self._meter.add,
        )
        try:
            with name_in_errors(self._partials):
                transfer.fetch()
        except (RefusedError, TransientError) as error:
            raise _UnusableError(str(error)) from error
        return transfer.is_page

    @contextmanager
    def _lock(self, partial: Partial) -> Iterator[None]:
        """Hold the partial file's lock: one process downloads the content, the others wait and then find it."""
        while not partial.lock.acquire(blocking=False):
            if self.stop.wait(_POLL_S):
                raise _UnusableError("the download was stopped")
        try:
            yield
        finally:
            partial.lock.release()


class _UnusableError(Exception):
    """An address does not provide the file; the message says why."""


def _is_remote(address: str) -> bool:
    return address.startswith(WEB)


def _mismatch(source: Source, digest: str) -> str:
    return f"checksum mismatch: expected SHA-256 {str(source.sha256)[:12]}…, got {digest[:12]}…"
