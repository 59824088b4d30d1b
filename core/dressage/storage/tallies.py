"""Count the files that a snapshot leaves out."""

from dressage.results.plans import LeftOut

_COUNTED = 10_000
"""How many files are counted: an ignored folder may have millions."""


class Tally:
    """Counts files by the reason why they are left out."""

    def __init__(self) -> None:
        self._files: dict[str, list[tuple[int, str]]] = {}
        self._paths: dict[str, list[str]] = {}
        self._left = _COUNTED
        self._cut: set[str] = set()

    def add_file(self, reason: str, path: str, size: int) -> None:
        """Count a file, if the limit is not reached. size: in bytes."""
        if not self.is_full(reason):
            self._left -= 1
            self._files.setdefault(reason, []).append((size, path))

    def add_path(self, reason: str, path: str) -> None:
        """Note a path of which it is not known what it contains."""
        self._paths.setdefault(reason, []).append(path)

    def is_full(self, reason: str) -> bool:
        """Return whether the limit is reached: then files with this reason are not counted."""
        if not self._left:
            self._cut.add(reason)
        return not self._left

    def results(self) -> tuple[LeftOut, ...]:
        """Return the counts, the largest first."""
        files = [
            LeftOut(
                reason=reason,
                path=min(found, key=lambda item: (-item[0], item[1]))[1],
                files=len(found),
                size=sum(size for size, _ in found),
                is_complete=reason not in self._cut,
            )
            for reason, found in self._files.items()
        ]
        paths = [
            LeftOut(reason=reason, path=min(found), files=len(found)) for reason, found in self._paths.items()
        ]
        return tuple(sorted([*files, *paths], key=lambda item: (-(item.size or 0), item.reason)))
