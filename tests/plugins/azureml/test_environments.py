"""Environments, and the images that are built of them."""

from pathlib import Path

import pytest
import yaml
from tests.azureml import Loopback

from dressage import Engine, Environment, StageError
from dressage.platforms.protocols import Environments

BUILD = "/builds/[0-9a-f]+$"


@pytest.fixture
def environments(azure: Engine) -> Environments:
    return azure.platform().environments


def test_a_build_is_told_line_by_line_and_its_log_is_kept(
    environments: Environments, service: Loopback, project: Path
):
    service.behave(image_s=3)
    told: list[str] = []
    environments.ensure(Environment(name="tiny-env"), lambda what, *_: told.append(what))
    assert told[1:3] == ["Step 2/3 : COPY conda\n", "Step 3/3 : RUN conda env create\n"]
    assert told[-1].startswith("Successfully tagged")
    (log,) = (project / ".dressage" / "images").iterdir()
    assert [f"{line}\n" for line in log.read_text().splitlines()] == told


@pytest.mark.parametrize("end", ["Failed", "Timeout"])
def test_a_build_that_failed_in_any_way_says_where_its_log_is(
    environments: Environments, service: Loopback, project: Path, end: str
):
    service.behave(image_error="Found conflicts!\nexit status 1", image_end=end)
    with pytest.raises(
        StageError, match=r"could not be built: exit status 1; see '.*/images/tiny-env-.*\.log'"
    ):
        environments.ensure(Environment(name="tiny-env"), lambda *_: None)
    (log,) = (project / ".dressage" / "images").iterdir()
    assert "Found conflicts!" in log.read_text()


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/image$"), ("GET", "/image$"), ("GET", BUILD), ("GET", "/environments/?$")],
)
def test_a_service_that_is_busy_is_asked_again(
    environments: Environments, service: Loopback, method: str, path: str
):
    environments.plan(Environment(name="tiny-env"))
    service.fault(method, f"^/environment/.*{path}", times=1, status=503)
    environments.ensure(Environment(name="tiny-env"), lambda *_: None)
    assert environments.plan(Environment(name="tiny-env")).action == "reuse"
    assert [one.name for one in environments.list()] == ["tiny-env"]


def conda(*dependencies: object) -> str:
    return yaml.safe_dump({"dependencies": ["python=3.12", *dependencies]})


@pytest.mark.parametrize(
    "dependencies",
    [
        ("mlflow",),
        ("conda-forge::mlflow>=3", "pip"),
        ({"pip": ["MLflow"]},),
        ({"pip": ["-r requirements.txt"]},),
        ("mlflow", {"pip": None}),
    ],
)
def test_whoever_may_use_mlflow_can_speak_to_the_workspace(
    environments: Environments, service: Loopback, dependencies: tuple[object, ...]
):
    environments.ensure(Environment(name="tiny-env", conda=conda(*dependencies)), lambda *_: None)
    (registered,) = service.state()["environments"]
    (lines,) = (entry["pip"] for entry in registered["dependencies"] if isinstance(entry, dict))
    assert "azureml-mlflow" in lines


def test_an_empty_pip_part_is_none(environments: Environments):
    assert environments.plan(Environment(name="tiny-env", conda=conda({"pip": None}))).action == "build"
