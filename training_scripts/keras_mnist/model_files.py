"""Save the trained network in Keras's formats: model.keras, and model.json with model.weights.h5.

The same network gives the same bytes, so a digest of the files identifies the model.
"""

import json
import zipfile
from pathlib import Path
from typing import Any

import keras

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the earliest time in a zip archive


def save(model: keras.Model, folder: Path) -> None:
    """Write the three files to the folder. Files of a killed attempt are overwritten."""
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder / "model.keras")
    _make_reproducible(folder / "model.keras")
    (folder / "model.json").write_text(model.to_json(indent=2), encoding="utf-8")
    model.save_weights(folder / "model.weights.h5")


def _make_reproducible(path: Path) -> None:
    """Rewrite a .keras archive without the time of saving and the memory addresses."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    metadata = json.loads(members["metadata.json"])
    metadata["date_saved"] = "1980-01-01@00:00:00"
    members["metadata.json"] = json.dumps(metadata).encode()
    members["config.json"] = _renumber(members["config.json"])
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(members):
            archive.writestr(zipfile.ZipInfo(name, _EARLIEST), members[name])


def _renumber(config: bytes) -> bytes:
    """Number shared objects in order of appearance. Keras uses their memory addresses as numbers."""
    numbers: dict[int, int] = {}

    def number(part: dict[str, Any]) -> dict[str, Any]:
        if shared := part.get("shared_object_id"):
            part["shared_object_id"] = numbers.setdefault(shared, len(numbers) + 1)
        return part

    return json.dumps(json.loads(config, object_hook=number)).encode()
