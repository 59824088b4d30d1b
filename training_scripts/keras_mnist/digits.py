"""Handwritten digits from IDX files, gzipped or plain: MNIST, or anything of its shape.

An IDX file is four bytes (0, 0, the type of the elements, the number of dimensions), each dimension as a
big-endian 32-bit number, and then the elements. Here elements are bytes, images are 28x28, labels 0 to 9.
"""

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from problems import InputError

SIDE = 28
CLASSES = 10
_UNSIGNED_BYTES = 8


@dataclass(frozen=True)
class Digits:
    """images: (count, 784) bytes. labels: (count,) 32-bit integers."""

    images: np.ndarray
    labels: np.ndarray

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.images.tobytes() + self.labels.tobytes()).hexdigest()[:16]


def load(folder: Path, part: str) -> Digits:
    """The images and labels of one part, `train` or `t10k`. Raises InputError for files that do not fit."""
    images_path, labels_path = (
        _found(folder, f"{part}-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1")
    )
    images, labels = read(images_path, 3), read(labels_path, 1)
    if images.shape[1:] != (SIDE, SIDE):
        height, width = images.shape[1:]
        raise InputError(f"{images_path}: images are {height}x{width}; scale them to {SIDE}x{SIDE}")
    if len(images) != len(labels):
        raise InputError(
            f"{images_path} has {len(images)} images, {labels_path} {len(labels)} labels; pair them"
        )
    if not len(labels):
        raise InputError(f"{labels_path} holds no labels; give at least one image with its label")
    if labels.max() >= CLASSES:
        raise InputError(f"{labels_path}: label {labels.max()}; labels are 0 to {CLASSES - 1}")
    return Digits(images.reshape(len(images), -1), labels.astype(np.int32))


def read(path: Path, dimensions: int) -> np.ndarray:
    """The elements of one IDX file of bytes."""
    content = _content(path)
    header = 4 + 4 * dimensions
    if content[:4] != bytes([0, 0, _UNSIGNED_BYTES, dimensions]):
        raise InputError(
            f"{path} begins with {content[:4].hex() or 'nothing'}, not with"
            f" 0000{_UNSIGNED_BYTES:02x}{dimensions:02x}; give an IDX file of bytes in {dimensions} dimension(s)"
        )
    shape = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, header, 4))
    expected = header + int(np.prod(shape, dtype=np.int64))
    if len(content) != expected:
        raise InputError(
            f"{path} has {len(content)} bytes where its header announces {expected}; fetch it again"
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def _found(folder: Path, name: str) -> Path:
    """Azure ML puts a file that came from a web address into folders named after the address."""
    for wanted in (f"{name}.gz", name):
        for path in (folder / wanted, *sorted(folder.rglob(wanted))):
            if path.is_file():
                return path
    raise InputError(
        f"no {name}.gz and no {name} in {str(folder)!r}; --data-folder names the folder of the IDX files"
    )


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix != ".gz":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} is no whole gzip file ({error}); fetch it again") from error
