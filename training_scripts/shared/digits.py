"""Read handwritten digits from IDX files, gzipped or not: MNIST, or files of the same format.

An IDX file has four bytes (0, 0, the type of the elements, the number of dimensions), then each dimension as a
big-endian 32-bit number, then the elements. Here elements are bytes, images are 28x28, labels 0 to 9.
"""

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shared.problems import InputError

SIDE = 28
CLASSES = 10
_UNSIGNED_BYTES = 8


@dataclass(frozen=True)
class Digits:
    """Images with their labels.

    images: bytes of shape (count, 784). labels: 32-bit integers of shape (count,).
    """

    images: np.ndarray
    labels: np.ndarray

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.images.tobytes() + self.labels.tobytes()).hexdigest()[:16]


def load(folder: Path, part: str) -> Digits:
    """Read the images and labels of a part, `train` or `t10k`. Raises InputError for invalid files."""
    images_path, labels_path = (
        _find(folder, f"{part}-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1")
    )
    images, labels = read(images_path, 3), read(labels_path, 1)
    if images.shape[1:] != (SIDE, SIDE):
        height, width = images.shape[1:]
        raise InputError(f"{images_path}: images are {height}x{width}; scale them to {SIDE}x{SIDE}")
    if len(images) != len(labels):
        raise InputError(
            f"{images_path} has {len(images)} images, but {labels_path} has {len(labels)} labels; give one per image"
        )
    if not len(labels):
        raise InputError(f"{labels_path} contains no labels; give at least one image with its label")
    if labels.max() >= CLASSES:
        raise InputError(f"{labels_path}: invalid label {labels.max()}; use labels from 0 to {CLASSES - 1}")
    return Digits(images.reshape(len(images), -1), labels.astype(np.int32))


def read(path: Path, dimensions: int) -> np.ndarray:
    """Read the elements of an IDX file of bytes. Raises InputError."""
    content = _read_bytes(path)
    header = 4 + 4 * dimensions
    if content[:4] != bytes([0, 0, _UNSIGNED_BYTES, dimensions]):
        raise InputError(
            f"{path} starts with {content[:4].hex() or 'nothing'}, not with"
            f" 0000{_UNSIGNED_BYTES:02x}{dimensions:02x}; give an IDX file of bytes in {dimensions} dimension(s)"
        )
    shape = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, header, 4))
    expected = header + int(np.prod(shape, dtype=np.int64))
    if len(content) != expected:
        raise InputError(
            f"{path} has {len(content)} bytes, but its header says {expected}; download it again"
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def _find(folder: Path, name: str) -> Path:
    """Find a file in the folder or below: Azure ML creates subfolders for files from web addresses."""
    for wanted in (f"{name}.gz", name):
        for path in (folder / wanted, *sorted(folder.rglob(wanted))):
            if path.is_file():
                return path
    raise InputError(
        f"no {name}.gz or {name} in {str(folder)!r}; set --data-folder to the folder of the IDX files"
    )


def _read_bytes(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix != ".gz":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} is not a complete gzip file ({error}); download it again") from error
