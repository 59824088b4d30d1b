"""Save the model in the format of skops, which contains no code: loading a file from others runs nothing.

The same model gives the same bytes, so a digest of the files identifies it.
"""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import sklearn
import skops.io

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the earliest time in a zip archive


def save(model: Any, estimator: str, folder: Path) -> None:
    """Write model.skops, and model.json with what is needed to use it. Files of a killed attempt are overwritten."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.skops").write_bytes(_make_reproducible(skops.io.dumps(model)))
    about = {
        "estimator": estimator,
        "scikit-learn": sklearn.__version__,
        "input": "images of 784 bytes",
        "classes": model.classes_.tolist(),
    }
    (folder / "model.json").write_text(json.dumps(about, indent=2), encoding="utf-8")


def _make_reproducible(content: bytes) -> bytes:
    """Rewrite the archive without the time of saving and the memory addresses, which skops uses as numbers."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    names: dict[str, str] = {}
    numbers: dict[int, int] = {}

    def renumber(part: dict[str, Any]) -> dict[str, Any]:
        if (address := part.get("__id__")) is not None:
            part["__id__"] = numbers.setdefault(address, len(numbers) + 1)
        if (file := part.get("file")) in members:
            part["file"] = names.setdefault(file, f"{len(names) + 1}.npy")
        return part

    schema = json.dumps(json.loads(members.pop("schema.json"), object_hook=renumber)).encode()
    rewritten = {"schema.json": schema, **{names[name]: members[name] for name in names}}
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in rewritten.items():
            archive.writestr(zipfile.ZipInfo(name, _EARLIEST), data, zipfile.ZIP_DEFLATED)
    return result.getvalue()
