"""Datasets in the workspace."""

from pathlib import Path

import pytest
from tests.azureml import Loopback
from tests.fixtures import Dressage

from dressage import Engine, FileDataset, StageError
from dressage.results.versions import DatasetVersion


def numbers_of(engine: Engine) -> FileDataset:
    dataset = engine.describe("tiny").datasets["numbers"]
    assert isinstance(dataset, FileDataset)
    return dataset


def put(engine: Engine, project: Path, content: str) -> DatasetVersion:
    (project / "data.csv").write_text(content)
    version: DatasetVersion = engine.platform().datasets.ensure(numbers_of(engine), lambda *_: None)
    return version


def test_a_deleted_version_is_registered_again(azure: Engine, service: Loopback, project: Path):
    for content in ("1", "2"):
        put(azure, project, content)
    (project / "data.csv").write_text("1")
    service.fault("GET", "/dataset/.*query/name=numbers$", times=1, after=1, status=404)
    stage = azure.plan("tiny").stage("dataset")
    assert (stage.action, stage.version) == ("upload", 3)


def count_requests(service: Loopback) -> int:
    """Return the number of requests to the dataset service and to storage."""
    paths = [path for _, path, _ in service.state()["requests"]]
    return sum(path.startswith(("/dataset/", "/azureml-")) for path in paths)


@pytest.mark.parametrize("versions", [3, 12])
def test_an_older_version_is_found_in_three_requests(
    azure: Engine, service: Loopback, project: Path, versions: int
):
    first = put(azure, project, "1")
    for content in range(2, versions + 1):
        put(azure, project, str(content))
    before = count_requests(service)
    assert put(azure, project, "1") == first
    assert count_requests(service) - before == 3


def test_a_version_that_was_registered_and_not_noted_is_found(
    azure: Engine, service: Loopback, project: Path
):
    """As after a kill between the two: the note of its number fails."""
    service.fault("PUT", r"\.version$", times=1, after=2, status=409)
    with pytest.raises(StageError):
        put(azure, project, "1")
    assert put(azure, project, "1").version == 1


def test_versions_are_listed_with_size_and_date(azure: Engine, dressage: Dressage, project: Path):
    put(azure, project, "1,2,3")
    (listed,) = azure.platform().datasets.list()
    assert (listed.size, listed.file_count) == (5, 1)
    assert listed.created.startswith("20")
    row = dressage("datasets", "list", "--on", "azureml").stdout.split()
    assert row[:4] == ["numbers:1", "1", "5", "B"]


def test_a_download_says_how_many_files_there_are(azure: Engine, dressage: Dressage, project: Path):
    put(azure, project, "1,2,3")
    ran = dressage("datasets", "download", "numbers:1", "--to", "copy", "--on", "azureml")
    assert (project / "copy" / "data.csv").read_text() == "1,2,3"
    assert "downloaded 1 file(s) to 'copy'" in ran.stderr


def test_a_datastore_without_credentials_takes_the_users_identity(
    azure: Engine, service: Loopback, project: Path
):
    service.behave(keyless=True, without_keys=True)
    assert put(azure, project, "1").version == 1
    assert put(azure, project, "1").version == 1


def test_an_account_that_refuses_the_datastores_key_takes_the_users_identity(
    azure: Engine, service: Loopback, project: Path
):
    service.behave(without_keys=True)
    assert put(azure, project, "1").version == 1


def test_a_user_without_a_role_on_the_storage_is_told_which(azure: Engine, service: Loopback, project: Path):
    service.behave(keyless=True, without_keys=True, storage_role=False)
    with pytest.raises(
        StageError, match="ask for the role Storage Blob Data Contributor on the workspace's storage"
    ):
        put(azure, project, "1")
