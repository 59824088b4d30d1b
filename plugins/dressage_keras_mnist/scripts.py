"""Find the training scripts: next to this module in a wheel, at the top of the project in a checkout."""

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def find_folder(name: str) -> Path:
    """Return the folder of a training script."""
    installed = _HERE / "training_scripts" / name
    return installed if installed.is_dir() else _HERE.parents[1] / "training_scripts" / name
