"""The trained network as a Keras user expects to load it: model.keras, and model.json with model.weights.h5.

The same network gives the same bytes, so whoever names models by content sees that they are one.
"""

import json
import zipfile
from pathlib import Path
from typing import Any

import keras

_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip archive can tell


def save(model: keras.Model, folder: Path) -> None:
    """Put the three files into the folder, in place of any that a killed attempt left."""
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder / "model.keras")
    _without_chance(folder / "model.keras")
    (folder / "model.json").write_text(model.to_json(indent=2), encoding="utf-8")
    model.save_weights(folder / "model.weights.h5")


def _without_chance(path: Path) -> None:
    """Write a .keras archive again, without the time at which it was saved and where in memory that happened."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    metadata = json.loads(members["metadata.json"])
    metadata["date_saved"] = "1980-01-01@00:00:00"
    members["metadata.json"] = json.dumps(metadata).encode()
    members["config.json"] = _renumbered(members["config.json"])
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(members):
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), members[name])


def _renumbered(config: bytes) -> bytes:
    """With shared objects numbered as they appear; Keras numbers them by where in memory they are."""
    numbers: dict[int, int] = {}

    def numbered(part: dict[str, Any]) -> dict[str, Any]:
        if shared := part.get("shared_object_id"):
            part["shared_object_id"] = numbers.setdefault(shared, len(numbers) + 1)
        return part

    return json.dumps(json.loads(config, object_hook=numbered)).encode()
