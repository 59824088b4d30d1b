"""Reads the files of MNIST."""

import gzip

import numpy as np


def load_data(path, is_label):
    with gzip.open(path) as file:
        data = np.frombuffer(file.read(), np.uint8, offset=8 if is_label else 16)
    return data if is_label else data.reshape(-1, 784)


def one_hot_encode(labels, count):
    return np.eye(count)[labels]
