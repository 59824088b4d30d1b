"""The whole flow in a real workspace, whose config.json DRESSAGE_AZUREML_CONFIG names. It costs money."""

import os
import shutil
from pathlib import Path

import pytest
from tests.plugins.azureml.conftest import with_tiny

CONFIG = os.environ.get("DRESSAGE_AZUREML_CONFIG")

pytestmark = [
    pytest.mark.live,
    pytest.mark.timeout(7200),
    pytest.mark.skipif(not CONFIG, reason="DRESSAGE_AZUREML_CONFIG names no workspace"),
]


def test_the_flow_ends_in_a_model_that_can_be_downloaded(project: Path, tmp_path: Path):
    shutil.copy(str(CONFIG), project / "config.json")
    engine = with_tiny(project)
    run = engine.run("tiny", again=True)
    assert run.wait(6000).state == "Completed"
    assert run.model
    engine.platform().models.download(run.model, tmp_path / "model")
    assert (tmp_path / "model" / "weights").read_text()
    assert [stage.action for stage in engine.plan("tiny").stages] == ["reuse"] * 4
