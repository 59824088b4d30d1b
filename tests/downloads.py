"""Downloads into a store of their own."""

import hashlib
from pathlib import Path

from dressage import Source
from dressage.specs.downloads import DEFAULT_LIMITS, DownloadLimits
from dressage.storage.download import fetch
from dressage.storage.objects import ObjectStore


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def source(data: bytes, *addresses: str, path: str = "a.bin") -> Source:
    """Return a source whose digest and size are known."""
    return Source(path=path, addresses=addresses, sha256=sha(data), size=len(data))


class Place:
    """A store and a folder for partial files."""

    def __init__(self, folder: Path) -> None:
        self._objects = folder / "objects"
        self.store = ObjectStore(self._objects)
        self.partials = folder / "partial"
        self.told: list[tuple[int, int | None]] = []

    def fetch(self, *sources: Source, limits: DownloadLimits = DEFAULT_LIMITS) -> list[bytes]:
        files = fetch(
            sources,
            self.store,
            self.partials,
            lambda _, done, total: self.told.append((done, total)),
            limits=limits,
        )
        return [self.store.path(file.sha256 or "").read_bytes() for file in files]

    @property
    def kept(self) -> list[bytes]:
        """The content of each object in the store."""
        return [path.read_bytes() for path in self._objects.glob("??/*")]
