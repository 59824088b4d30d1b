"""The options, and the workspace that they select."""

import json
from pathlib import Path

import pytest
from tests.azureml import Loopback
from tests.plugins.azureml.conftest import with_tiny

from dressage import SettingsError

SCOPE = (
    "/subscriptions/{subscription_id}/resourceGroups/{resource_group}"
    "/providers/Microsoft.MachineLearningServices/workspaces/{workspace_name}"
)


def test_a_config_json_that_the_sdk_wrote(service: Loopback, project: Path):
    written = {"Id": None, "Scope": SCOPE.format(**service.config)}
    (project / "config.json").write_text(json.dumps(written))
    assert with_tiny(project).plan("tiny").stage("compute").action == "create"


@pytest.mark.parametrize("content", ["[]", '{"Scope": "/subscriptions/1"}'])
def test_another_config_json_is_an_error(project: Path, content: str):
    (project / "config.json").write_text(content)
    with pytest.raises(SettingsError, match=r"config\.json' (is not a workspace configuration|has no sub)"):
        with_tiny(project).plan("tiny")


@pytest.mark.parametrize(
    ("option", "value", "wanted"),
    [
        ("auth", "browser", "one of interactive, cli, managed-identity, service-principal, none"),
        ("poll_s", 0, "at least 0.01"),
        ("compute_timeout_s", float("nan"), "a finite float"),
        ("image_timeout_s", "long", "a value of type float"),
    ],
)
def test_a_bad_option_is_refused(project: Path, option: str, value: object, wanted: str):
    with pytest.raises(SettingsError, match=rf"^platform 'azureml': option {option} is .*; give {wanted}$"):
        with_tiny(project, **{option: value}).plan("tiny")


def test_an_incomplete_workspace_name_is_an_error(project: Path):
    with pytest.raises(
        SettingsError, match="platform 'azureml': option resource_group is missing; set all of"
    ):
        with_tiny(project, subscription_id="1").plan("tiny")


def test_a_missing_config_json_is_an_error(project: Path):
    with pytest.raises(SettingsError, match=r"option config is '.*gone\.json'; give an existing file"):
        with_tiny(project, config="gone.json").plan("tiny")
