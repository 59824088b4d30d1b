"""Environments and their images."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.azureml import Loopback, worker_python
from tests.package_index import serve_index

from dressage import Engine, Environment, Index, Project, SpecError, StageError
from dressage.platforms.protocols import Environments

BY_HAND = """
import json
from azureml.core import Environment, Workspace

workspace = Workspace.from_config()
Environment("by-hand").register(workspace)
print(json.dumps(Environment.get(workspace, "tiny-env").version))
"""
BUILD = "/builds/[0-9a-f]+$"


@pytest.fixture
def environments(azure: Engine) -> Environments:
    return azure.platform().environments


def test_the_lines_of_a_build_are_reported_and_saved(
    environments: Environments, service: Loopback, project: Path
):
    service.behave(image_s=3)
    lines: list[str] = []
    environments.ensure(Environment(name="tiny-env"), lambda what, *_: lines.append(what))
    assert lines[1:3] == ["Step 2/3 : COPY conda\n", "Step 3/3 : RUN conda env create\n"]
    assert lines[-1].startswith("Successfully tagged")
    (log,) = (project / ".dressage" / "images").iterdir()
    assert [f"{line}\n" for line in log.read_text().splitlines()] == lines


@pytest.mark.parametrize("end", ["Failed", "Timeout"])
def test_the_error_of_a_failed_build_names_its_log(
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
def test_requests_to_a_busy_service_are_repeated(
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
def test_environments_that_may_contain_mlflow_get_azureml_mlflow(
    environments: Environments, service: Loopback, dependencies: tuple[object, ...]
):
    environments.ensure(Environment(name="tiny-env", conda=conda(*dependencies)), lambda *_: None)
    (registered,) = service.state()["environments"]
    (lines,) = (entry["pip"] for entry in registered["dependencies"] if isinstance(entry, dict))
    assert "azureml-mlflow" in lines


def test_an_empty_pip_section_is_accepted(environments: Environments):
    assert environments.plan(Environment(name="tiny-env", conda=conda({"pip": None}))).action == "build"


def pip_lines(service: Loopback) -> list[str]:
    (registered,) = service.state()["environments"]
    sections: list[list[str]] = [each["pip"] for each in registered["dependencies"] if isinstance(each, dict)]
    (lines,) = sections
    return lines


def test_requirements_are_added_to_the_pip_section_of_the_specification(
    environments: Environments, service: Loopback
):
    environment = Environment(
        name="tiny-env",
        conda=conda({"pip": ["six"]}),
        requirements="# ours\n--pre\nsix\niniconfig \\\n  >= 2\n",
    )
    environments.ensure(environment, lambda *_: None)
    assert pip_lines(service) == ["six", "--pre", "iniconfig >= 2"]


def test_requirements_alone_get_the_active_version_of_python(environments: Environments, service: Loopback):
    environments.ensure(Environment(name="tiny-env", requirements="mlflow\n"), lambda *_: None)
    (registered,) = service.state()["environments"]
    assert registered["dependencies"][0] == "python={}.{}".format(*sys.version_info[:2])
    assert pip_lines(service) == ["mlflow", "azureml-mlflow"]


def test_packages_of_an_index_are_resolved_here_and_installed_from_its_address(
    azure: Engine, project: Path, service: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with serve_index(tmp_path / "index") as index, serve_index(tmp_path / "special") as special:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        monkeypatch.setenv("DRESSAGE_INDEX_SPECIAL", special.url)
        for one, version in ((index, "1.0"), (special, "1.0+special")):
            for name in ("toya", "toyb"):
                one.publish(name, version)
        named = Index(name="special", address="https://packages.example/simple", packages=("toya",))
        environment = Environment(name="tiny-env", requirements="toya==1.0\ntoyb\n", indexes=(named,))
        azure.platform().environments.ensure(environment, lambda *_: None)
        assert pip_lines(service) == [
            f"--extra-index-url {special.url}",
            "toya==1.0+special",
            "toyb==1.0",
        ]


def test_the_address_of_an_index_has_no_effect_on_the_key(
    environments: Environments, monkeypatch: pytest.MonkeyPatch
):
    environment = Environment(name="tiny-env", requirements="six", indexes=("lab",))
    keys = []
    for port in (1, 2):
        monkeypatch.setenv("DRESSAGE_INDEX_LAB", f"http://127.0.0.1:{port}/simple")
        keys.append(environments.plan(environment).key)
    assert keys[0] == keys[1] != environments.plan(Environment(name="tiny-env", requirements="six")).key


@pytest.mark.parametrize("step", ["plan", "ensure"])
def test_an_index_with_credentials_is_refused(
    environments: Environments, step: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DRESSAGE_INDEX_LAB", "https://reader:s3cr3t@packages.example/simple")
    arguments = () if step == "plan" else (lambda *_: None,)
    with pytest.raises(SpecError, match="the address of index 'lab' contains credentials, which") as caught:
        getattr(environments, step)(
            Environment(name="tiny-env", requirements="six", indexes=("lab",)), *arguments
        )
    assert "s3cr3t" not in str(caught.value)


def test_a_folder_of_distributions_is_refused_in_the_plan(environments: Environments):
    with pytest.raises(SpecError, match=r"'tiny-env' uses 'lab' of \[find_links\]: Azure ML builds"):
        environments.plan(Environment(name="tiny-env", requirements="six", find_links=("lab",)))


def test_hashes_are_refused_if_a_package_must_be_added(environments: Environments):
    with pytest.raises(SpecError, match="its requirements have hashes, and mlflow needs azureml-mlflow"):
        environments.plan(Environment(name="tiny-env", requirements=f"mlflow==3.0 --hash=sha256:{'0' * 64}"))


def test_invalid_requirements_are_refused_in_the_plan(environments: Environments):
    with pytest.raises(SpecError, match="environment 'tiny-env': requirements: line 1: pip option '-e"):
        environments.plan(Environment(name="tiny-env", requirements="-e ."))


def test_the_key_without_requirements_has_not_changed_since_the_first_version(environments: Environments):
    environment = Environment(name="tiny-env", conda=conda("mlflow"), base_image="image")
    assert (
        environments.plan(environment).key
        == "24bfd4fe4f2f5f35569bf41bf79ac1355c0e903f57fcba3901e3ceff5e14959d"
    )


def test_constraints_are_applied_before_the_image_is_built(environments: Environments, service: Loopback):
    environment = Environment(name="tiny-env", requirements="six\n", constraints="six<1.17\ntoml<1\n")
    environments.ensure(environment, lambda *_: None)
    assert pip_lines(service) == ["six==1.16.0"]
    assert environments.plan(environment).action == "reuse"


PROJECT = (
    '[project]\nname = "lab"\nversion = "1"\nrequires-python = ">=3.9,<3.11"\ndependencies = ["six<1.17"]\n'
)


def test_a_projects_dependencies_are_installed_with_its_python(environments: Environments, service: Loopback):
    environments.ensure(Environment(name="lab", project=Project(files={".": PROJECT})), lambda *_: None)
    (registered,) = service.state()["environments"]
    assert registered["dependencies"][0] == "python=3.10"
    assert pip_lines(service) == ["six==1.16.0"]


def test_the_inline_metadata_of_a_script_is_a_project(environments: Environments, service: Loopback):
    project = Project(files={".": 'dependencies = ["six<1.17"]\n'})
    environments.ensure(Environment(name="lab", project=project), lambda *_: None)
    assert pip_lines(service) == ["six==1.16.0"]


LOCK = """version = 1
requires-python = ">=3.9, <3.11"

[[package]]
name = "lab"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "six" }]

[package.metadata]
requires-dist = [{ name = "six", specifier = "<1.17" }]

[[package]]
name = "six"
version = "1.15.0"
source = { registry = "https://packages.example/simple" }
"""


def test_the_versions_of_a_lock_are_installed(environments: Environments, service: Loopback):
    project = Project(files={".": PROJECT}, lock=LOCK)
    environments.ensure(Environment(name="lab", project=project), lambda *_: None)
    assert pip_lines(service) == ["six==1.15.0"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"conda": "dependencies: [python]", "constraints": "six<2"},
            "has constraints and a conda specification",
        ),
        (
            {"conda": "dependencies: [python]", "requirements": "six", "indexes": ("lab",)},
            "has indexes and a conda specification",
        ),
        (
            {"requirements": "", "builds": ("libs/fast",)},
            "builds the project in 'libs/fast', which Azure ML cannot",
        ),
    ],
)
def test_what_azure_cannot_build_is_refused_in_the_plan(
    environments: Environments, fields: dict[str, Any], message: str
):
    with pytest.raises(SpecError, match=f"environment 'lab' {message}"):
        environments.plan(Environment(name="lab", **fields))


def test_an_interpreter_of_this_machine_is_described_instead(environments: Environments):
    here = Path(sys.prefix)
    described = environments.plan(Environment(name="lab", interpreter=here, requirements="six"))
    assert described.key == environments.plan(Environment(name="lab", requirements="six")).key
    assert described.reasons[-1] == (
        f"{str(here)!r} is of this machine: Azure ML builds an image from the packages that are described instead"
    )


def test_of_an_interpreter_without_a_description_the_image_has_mlflow(environments: Environments):
    plan = environments.plan(Environment(name="lab", interpreter=Path(sys.prefix)))
    assert plan.key == environments.plan(Environment(name="lab")).key
    assert "the image has Python and MLflow alone; name its packages with" in plan.reasons[-1]


def test_environments_are_found_by_name_with_the_sdk_and_the_other_way_round(
    environments: Environments, project: Path
):
    key = environments.ensure(Environment(name="tiny-env"), lambda *_: None).key
    sdk = subprocess.run(
        [worker_python(), "-c", BY_HAND], cwd=project, check=True, capture_output=True, text=True
    )
    assert json.loads(sdk.stdout.splitlines()[-1]) == key[:12]
    assert {one.name: one.key for one in environments.list()} == {"by-hand": "1", "tiny-env": key[:12]}


@pytest.mark.parametrize("name", ["AzureML-mine", "microsoft-mine"])
def test_a_name_that_azure_ml_keeps_for_itself_is_refused(environments: Environments, name: str):
    with pytest.raises(SpecError, match=f"'{name}': names in Azure ML must not begin with"):
        environments.plan(Environment(name=name))
