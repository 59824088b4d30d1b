"""Fetching a dataset's files into the object store."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dressage.errors import StageError
from dressage.files.digests import digest_of, digest_of_file
from dressage.files.disk import name_in_errors
from dressage.platforms.protocols import Progress
from dressage.results.versions import File
from dressage.specs.datasets import Source
from dressage.storage.download.partial import Partial
from dressage.storage.objects import ObjectStore

if TYPE_CHECKING:
    from dressage.storage.download.transfer import Transfer

_LOOK_AGAIN_S = 0.1
"""How often to look whether another process is done with a file that we want too."""


def fetch(
    sources: Sequence[Source], store: ObjectStore, partials: Path, progress: Progress, *, connections: int = 8
) -> tuple[File, ...]:
    """Bring every source's bytes into the store, several at a time; what is there already is not asked for.

    partials: the folder for files on their way. Raises StageError naming the file, each address tried, and why.
    """
    fetching = _Fetching(store, partials, _Meter(sources, progress), connections)
    pool = ThreadPoolExecutor(min(connections, len(sources)))
    try:
        return tuple(pool.map(fetching.fetch, sources))
    finally:
        fetching.stop.set()
        pool.shutdown(cancel_futures=True)
        fetching.close()


class _Meter:
    """Bytes across all files, told to the listener one call at a time."""

    def __init__(self, sources: Sequence[Source], progress: Progress) -> None:
        sizes = [source.size for source in sources]
        self._total = sum(size for size in sizes if size) if None not in sizes else None
        self._what = sources[0].path if len(sources) == 1 else f"{len(sources)} files"
        self._progress = progress
        self._done = 0
        self._lock = threading.Lock()

    def moved(self, count: int) -> None:
        with self._lock:
            self._done += count
            self._progress(self._what, self._done, self._total)


class _Fetching:
    def __init__(self, store: ObjectStore, partials: Path, meter: _Meter, connections: int) -> None:
        self._store = store
        self._partials = partials
        self._meter = meter
        self._connections = connections
        self._opening = threading.Lock()
        self.stop = threading.Event()

    @cached_property
    def _transfer(self) -> "Transfer":
        from dressage.storage.download.transfer import Transfer

        return Transfer(self._connections, self._meter.moved, self.stop)

    def close(self) -> None:
        if "_transfer" in self.__dict__:
            self._transfer.close()

    def fetch(self, source: Source) -> File:
        if found := self._found(source):
            return found
        partial = Partial(self._partials, source.sha256 or digest_of(source.addresses))
        with self._alone(partial):
            return self._found(source) or self._fetched(source, partial)

    def _found(self, source: Source) -> File | None:
        if source.sha256 is None or not self._store.has(source.sha256):
            return None
        size = self._store.path(source.sha256).stat().st_size
        self._meter.moved(size)
        return File(path=source.path, size=size, sha256=source.sha256)

    def _fetched(self, source: Source, partial: Partial) -> File:
        refusals = []
        for address in source.addresses:
            try:
                return self._from(address, source, partial)
            except _UnusableError as error:
                refusals.append(f"{address}: {error}")
        raise StageError(
            "dataset",
            f"cannot fetch {source.path!r}: {'; '.join(refusals)};"
            " check the address and the network, then run it again",
        )

    def _from(self, address: str, source: Source, partial: Partial) -> File:
        if not address.startswith(("http://", "https://")):
            return self._from_disk(Path(address.removeprefix("file://")), source)
        self._download(address, partial)
        digest = digest_of_file(partial.path)
        if source.sha256 not in (None, digest):
            partial.discard()
            raise _UnusableError(f"its bytes have the SHA-256 {digest[:12]}…, not {str(source.sha256)[:12]}…")
        size = partial.path.stat().st_size
        self._store.adopt(partial.path, digest)
        partial.close()
        return File(path=source.path, size=size, sha256=digest)

    def _from_disk(self, path: Path, source: Source) -> File:
        if not path.is_file():
            raise _UnusableError("no such file")
        if source.sha256 is not None and digest_of_file(path) != source.sha256:
            raise _UnusableError(f"its SHA-256 is not {source.sha256[:12]}…")
        file = self._store.add(path, name=source.path)
        self._meter.moved(file.size or 0)
        return file

    def _download(self, address: str, partial: Partial) -> None:
        from dressage.storage.download.transfer import PassingError, RefusedError

        with self._opening:
            transfer = self._transfer
        try:
            with name_in_errors(self._partials):
                transfer.fetch(address, partial)
        except (RefusedError, PassingError) as error:
            raise _UnusableError(str(error)) from error

    @contextmanager
    def _alone(self, partial: Partial) -> Iterator[None]:
        """One process at a time fetches the same content; the second finds it there."""
        while not partial.lock.acquire(blocking=False):
            if self.stop.wait(_LOOK_AGAIN_S):
                raise _UnusableError("given up")
        try:
            yield
        finally:
            partial.lock.release()


class _UnusableError(Exception):
    """This address does not give the file; why."""
