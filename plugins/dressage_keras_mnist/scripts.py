"""Where the training scripts lie: beside this module in a wheel, at the top of the project in a checkout."""

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    installed = _HERE / "training_scripts" / name
    return installed if installed.is_dir() else _HERE.parents[1] / "training_scripts" / name
