"""Datasets in the workspace."""

from pathlib import Path

import pytest
from tests.azureml import Loopback

from dressage import Engine, FileDataset, StageError


def numbers_of(engine: Engine) -> FileDataset:
    dataset = engine.describe("tiny").datasets["numbers"]
    assert isinstance(dataset, FileDataset)
    return dataset


def test_deleted_versions_are_ignored(azure: Engine, service: Loopback, project: Path):
    datasets = azure.platform().datasets
    for content in ("1", "2"):
        (project / "data.csv").write_text(content)
        datasets.ensure(numbers_of(azure), lambda *_: None)
    (project / "data.csv").write_text("3")
    service.fault("GET", "/dataset/.*query/name=numbers$", times=1, status=404)
    stage = azure.plan("tiny").stage("dataset")
    assert (stage.action, stage.version) == ("upload", 3)


def test_a_datastore_without_credentials_is_an_error(azure: Engine, service: Loopback):
    service.behave(keyless=True)
    with pytest.raises(StageError, match="'workspaceblobstore' has neither an account key nor a SAS token"):
        azure.platform().datasets.ensure(numbers_of(azure), lambda *_: None)
