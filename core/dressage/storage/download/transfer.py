"""Download one file from one address: several ranges in parallel if the server supports them, and resumable."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type

from dressage.specs.datasets import Source
from dressage.specs.downloads import DownloadLimits
from dressage.storage.download import answers
from dressage.storage.download.answers import Head
from dressage.storage.download.client import Client
from dressage.storage.download.failures import ChangedError, RefusedError, TransientError
from dressage.storage.download.pace import Deadline, Pace, Streak
from dressage.storage.download.partial import Partial, Range

_PIECE_BYTES = 8 << 20
_Result = TypeVar("_Result")


class Transfer:
    """Downloads a source from one of its addresses into a partial file.

    count: called with the number of bytes that arrived; negative if they are dropped.
    """

    def __init__(
        self,
        client: Client,
        address: str,
        source: Source,
        partial: Partial,
        *,
        limits: DownloadLimits,
        deadline: Deadline,
        connections: int,
        count: Callable[[int], None],
    ) -> None:
        self._client = client
        self._address = address
        self._source = source
        self._partial = partial
        self._limits = limits
        self._deadline = deadline
        self._connections = connections
        self._count = count
        self.is_page = False
        """Whether the server sent a web page."""

    def fetch(self) -> None:
        """Download the whole file. Raises RefusedError or TransientError; the partial file is kept.

        If the answers to requests for ranges do not fit together, the file is requested in one piece at last.
        """
        try:
            if not self._try_ranges():
                self._retry(lambda _: self._fetch_whole())
        except (RefusedError, TransientError):
            self._count(-self._partial.done)
            raise

    def _try_ranges(self) -> bool:
        """Download the file by ranges, if that is possible. Returns False, and keeps nothing, if it is not."""
        for _ in range(2):
            try:
                return self._fetch_ranges()
            except ChangedError:
                self._drop()
        return False

    def _fetch_ranges(self) -> bool:
        """Download the missing ranges. Returns False if there are no ranges, or nothing proves that they match."""
        head = self._retry(lambda _: self._look())
        if head.length is None or not (head.validator or self._source.sha256):
            return False
        self._check_room(head.length)
        is_verified = self._source.sha256 is not None
        self._partial.begin(self._address, head.validator, head.length, is_verified=is_verified)
        self._count(self._partial.done)
        try:
            self._fetch_missing(head)
        finally:
            self._partial.pause()
        return True

    def _fetch_missing(self, head: Head) -> None:
        missing = self._partial.missing(_PIECE_BYTES)
        with ThreadPoolExecutor(max(1, min(self._connections, len(missing)))) as pool:
            fetched = [pool.submit(self._fetch_piece, head, piece) for piece in missing]
            try:
                for future in fetched:
                    future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _fetch_piece(self, head: Head, piece: Range) -> None:
        position, last = piece

        def fetch_rest(streak: Streak) -> None:
            nonlocal position
            headers = {"Range": f"bytes={position}-{last - 1}"}
            if head.validator:
                headers["If-Range"] = head.validator
            with self._open(headers) as response:
                end = answers.check_part(response, head, position, last)
                for data in self._read(response):
                    if position + len(data) > end:
                        raise ChangedError
                    self._partial.write(position, data)
                    position += len(data)
                    streak.add(len(data))
                    self._count(len(data))
            if position < last:
                raise TransientError("the connection was closed early")

        self._retry(fetch_rest)

    def _fetch_whole(self) -> None:
        """Download the file in one request. The body must end as the server announced."""
        self._drop()
        position = 0
        with self._open({}) as response:
            answers.check_whole(response, self._source)
            self._check_room(answers.announced_length(response) or 0)
            self._partial.begin(self._address, None, None)
            for data in self._read(response):
                answers.check_growth(self._source, position + len(data))
                self._partial.write(position, data)
                self._count(len(data))
                position += len(data)
        answers.check_size(self._source, position)

    def _drop(self) -> None:
        """Remove what has arrived."""
        self._count(-self._partial.done)
        self._partial.discard()

    def _look(self) -> Head:
        """Request the first byte, to see whether the server serves ranges of the file, and of which file."""
        with self._open({"Range": "bytes=0-0"}) as response:
            head = answers.read_head(response)
        answers.check_size(self._source, head.length)
        return head

    @contextmanager
    def _open(self, headers: dict[str, str]) -> Iterator[httpx.Response]:
        self._deadline.check()
        with self._client.open(self._address, headers, self._deadline.read_timeout_s) as response:
            answers.check_status(response)
            self.is_page = answers.is_page(response)
            answers.check_content(response, self._address, self._source)
            yield response

    def _read(self, response: httpx.Response) -> Iterator[bytes]:
        pace = Pace(self._limits)
        for data in response.iter_raw():
            yield data
            self._deadline.check()
            pace.add(len(data))

    def _check_room(self, length: int) -> None:
        """Raise RefusedError if the disk has no room for a file of this length."""
        folder = self._partial.path.parent
        disk = shutil.disk_usage(folder)
        if disk.total and length - self._partial.size_on_disk > disk.free:  # some network drives report 0
            raise RefusedError(
                f"the file has {length} bytes, but {str(folder)!r} has room for {disk.free}; free some space"
            )

    def _retry(self, action: Callable[[Streak], _Result]) -> _Result:
        """Repeat an action after errors that may pass, until several attempts in a row bring no progress."""
        streak = Streak(self._limits)
        retrying = Retrying(
            retry=retry_if_exception_type(TransientError),
            after=lambda _: streak.fail(),
            stop=lambda _: streak.is_over,
            wait=lambda state: streak.pause_s(_requested_wait_s(state)),
            sleep=self._deadline.sleep,
            reraise=True,
        )
        return retrying(action, streak)


def _requested_wait_s(state: RetryCallState) -> float:
    """Return how long the server asked us to wait."""
    error = state.outcome.exception() if state.outcome else None
    return error.wait_s if isinstance(error, TransientError) else 0
