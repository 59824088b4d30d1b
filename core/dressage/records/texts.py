"""Long texts in records of environments, such as a project's uv.lock: kept once per workspace, by content.

A journal has a reference in place of such a text: {"sha256": DIGEST}.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from dressage.errors import RecordError
from dressage.files.atomic import write_bytes
from dressage.files.regular import read_regular
from dressage.files.syncing import sync_folder

FOLDER = "texts"
_LONG = 4096
"""Characters from which on a text is kept outside the journal."""
_REFERENCE = "sha256"


class Texts:
    """The texts in `folder`. It is created with the first one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def shorten(self, environment: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return an environment as JSON with references in place of long texts, which are then on the disk."""
        shortened: Mapping[str, Any] = _replace(environment, lambda value: isinstance(value, str), self._keep)
        return shortened

    def restore(self, environment: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return an environment as JSON with its texts. Raises RecordError if one is missing or damaged."""
        restored: Mapping[str, Any] = _replace(environment, _is_reference, self._read)
        return restored

    def _keep(self, text: str) -> str | Mapping[str, str]:
        if len(text) < _LONG:
            return text
        content = text.encode(errors="surrogatepass")
        digest = sha256(content).hexdigest()
        path = self._folder / digest
        if not path.exists():
            self._folder.mkdir(exist_ok=True)
            write_bytes(path, content, durable=True)
            sync_folder(self._folder.parent)  # this text may be the folder's first one
        return {_REFERENCE: digest}

    def _read(self, reference: Mapping[str, str]) -> str:
        path = self._folder / reference[_REFERENCE]
        try:
            content = read_regular(path)
        except OSError as error:
            raise RecordError(f"text {str(path)!r} of the record cannot be read: {error.strerror}") from error
        if sha256(content).hexdigest() != reference[_REFERENCE]:
            raise RecordError(
                f"text {str(path)!r} of the record is damaged: its SHA-256 differs from its name"
            )
        return content.decode(errors="surrogatepass")


def _is_reference(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {_REFERENCE} and isinstance(value[_REFERENCE], str)


def _replace(value: Any, matches: Callable[[Any], bool], new: Callable[[Any], Any]) -> Any:
    """Replace the values in a JSON object, at any depth, that match."""
    if matches(value):
        return new(value)
    if isinstance(value, Mapping):
        return {name: _replace(field, matches, new) for name, field in value.items()}
    return value
