"""The model registry."""

from pathlib import Path

import pytest
from tests.azureml import Loopback

from dressage import Engine


@pytest.mark.parametrize(
    "paths", [("1/weights", "1/names"), ("1/weights",), ("weights",), ("weights", "1/names")]
)
def test_a_downloaded_model_has_its_folders(azure: Engine, tmp_path: Path, paths: tuple[str, ...]):
    for path in paths:
        (tmp_path / "own" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "own" / path).write_text(path)
    models = azure.platform().models
    models.download(models.register("own", tmp_path / "own"), tmp_path / "back")
    found = [path for path in (tmp_path / "back").rglob("*") if path.is_file()]
    assert {path.relative_to(tmp_path / "back").as_posix() for path in found} == set(paths)


def test_a_list_of_models_costs_one_request(azure: Engine, service: Loopback):
    models = azure.platform().models
    for rate in ("0.1", "0.2"):
        assert azure.run("tiny", set={"rate": rate}).wait(60).state == "Completed"
    before = count_requests(service)
    assert {model.version for model in models.list()} == {1, 2}
    assert count_requests(service) - before == 1


def count_requests(service: Loopback) -> int:
    """Return the number of requests to the registry."""
    return sum(
        "/identity/" not in path and "/control/" not in path for _, path, _ in service.state()["requests"]
    )
