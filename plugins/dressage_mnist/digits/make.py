# /// script
# requires-python = ">=3.11"
# dependencies = ["scikit-learn>=1.5,<2", "numpy>=2,<3"]
# ///
"""Create the four files next to this script: `uv run make.py [FOLDER]`.

The images are the 1,797 of scikit-learn's `load_digits`: 8x8 pixels with 17 levels of grey. They are converted to
MNIST's format: each pixel becomes 3x3 pixels, a border of 2 pixels is added, and levels 0 to 16 become 0 to 255.
Every fifth image is a test image.
"""

import gzip
import struct
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits


def main(folder: Path) -> None:
    digits = load_digits()
    levels = np.rint(digits.images * 255 / 16).astype(np.uint8)
    images = np.pad(levels.repeat(3, axis=1).repeat(3, axis=2), ((0, 0), (2, 2), (2, 2)))
    labels = digits.target.astype(np.uint8)
    testing = np.arange(len(labels)) % 5 == 4
    for part, chosen in (("train", ~testing), ("t10k", testing)):
        write(folder / f"{part}-images-idx3-ubyte.gz", images[chosen])
        write(folder / f"{part}-labels-idx1-ubyte.gz", labels[chosen])


def write(path: Path, elements: np.ndarray) -> None:
    header = struct.pack(f">4B{elements.ndim}I", 0, 0, 8, elements.ndim, *elements.shape)
    path.write_bytes(gzip.compress(header + elements.tobytes(), mtime=0))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
