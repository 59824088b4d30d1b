"""The batches of an epoch."""

import numpy as np

from shared.digits import Digits


def shuffle(digits: Digits, size: int, order: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return an epoch's batches, shuffled: images, labels and weights, each of shape (batches, size, ...).

    order: the seed and the epoch. The last batch is padded with images of weight zero: batches of one shape compile
    once.
    """
    count = len(digits.labels)
    rows = -(-count // size)
    chosen = np.zeros(rows * size, np.int64)
    chosen[:count] = np.random.default_rng(order).permutation(count)
    weights = (np.arange(rows * size) < count).astype(np.float32)
    shape = (rows, size)
    return (
        digits.images[chosen].reshape(*shape, -1),
        digits.labels[chosen].reshape(shape),
        weights.reshape(shape),
    )
