"""The model registry."""

from pathlib import Path

import pytest

from dressage import Engine


@pytest.mark.parametrize(
    "paths", [("1/weights", "1/names"), ("1/weights",), ("weights",), ("weights", "1/names")]
)
def test_a_model_comes_back_with_its_folders(azure: Engine, tmp_path: Path, paths: tuple[str, ...]):
    for path in paths:
        (tmp_path / "own" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "own" / path).write_text(path)
    models = azure.platform().models
    models.download(models.register("own", tmp_path / "own"), tmp_path / "back")
    found = [path for path in (tmp_path / "back").rglob("*") if path.is_file()]
    assert {path.relative_to(tmp_path / "back").as_posix() for path in found} == set(paths)
