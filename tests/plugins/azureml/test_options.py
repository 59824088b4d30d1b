"""Which workspace the options come to."""

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
def test_a_config_json_of_something_else_is_told(project: Path, content: str):
    (project / "config.json").write_text(content)
    with pytest.raises(SettingsError, match=r"config\.json' (is no workspace configuration|has no sub)"):
        with_tiny(project).plan("tiny")
