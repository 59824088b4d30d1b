"""The confusion matrix as a figure."""

from typing import Any

import numpy as np

from shared.digits import CLASSES


def draw_confusion(labels: np.ndarray, predicted: np.ndarray) -> Any:
    """Return a figure that shows how many images of each digit were taken for each digit."""
    # Not pyplot: it looks for a display, and importing it takes a second.
    from matplotlib.figure import Figure

    counts = np.zeros((CLASSES, CLASSES), np.int64)
    np.add.at(counts, (labels, predicted), 1)
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    shades = np.log1p(counts)  # otherwise few mistakes among many hits cannot be seen
    axes.imshow(shades, cmap="Blues")
    for (row, column), count in np.ndenumerate(counts):
        if count:
            colour = "white" if shades[row, column] > shades.max() / 2 else "black"
            axes.text(column, row, str(count), ha="center", va="center", fontsize=8, color=colour)
    digits = range(CLASSES)
    axes.set(xlabel="predicted digit", ylabel="digit", xticks=digits, yticks=digits)
    return figure
