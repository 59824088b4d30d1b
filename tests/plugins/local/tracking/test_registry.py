"""The workspace's registry of models, through MLflow's real client."""

import json
from collections.abc import Iterator

import pytest
from tests.plugins.local.tracking.conftest import Recorded, recording

from dressage.records.workspace import Workspace
from dressage_local.models import LocalModels
from dressage_local.objects import ObjectStore

SCRIPT = """
import json, mlflow, pathlib
client = mlflow.MlflowClient()
with mlflow.start_run() as run:
    pathlib.Path("model").mkdir()
    pathlib.Path("model/MLmodel").write_text("flavors: {}\\nrun_id: " + run.info.run_id + "\\n")
    pathlib.Path("model/weights").write_bytes(b"weights")
    mlflow.log_metric("accuracy", 0.75)
    mlflow.log_artifacts("model", "net")
    one = mlflow.register_model(f"runs:/{run.info.run_id}/net", "digits", tags={"kind": "mlp"})
    two = mlflow.register_model(f"runs:/{run.info.run_id}/net", "digits")
    logged = client.create_logged_model(experiment_id=run.info.experiment_id, name="net")
    client.log_model_artifacts(logged.model_id, "model")
    client.finalize_logged_model(logged.model_id, "READY")
    three = mlflow.register_model(f"models:/{logged.model_id}", "digits")
    elsewhere = client.create_model_version("digits", "s3://bucket/model", description="in a bucket")
client.set_registered_model_alias("digits", "best", "2")
client.set_registered_model_tag("digits", "owner", "lab")
client.update_registered_model("digits", description="digits by hand")
client.set_model_version_tag("digits", "2", "checked", "yes")
read = mlflow.artifacts.download_artifacts("models:/digits/1")
print(json.dumps({
    "versions": [int(made.version) for made in (one, two, three, elsewhere)],
    "by alias": int(client.get_model_version_by_alias("digits", "best").version),
    "weights": (pathlib.Path(read) / "weights").read_text(),
    "found": [int(found.version) for found in client.search_model_versions("tags.checked = 'yes'")],
    "latest": pathlib.Path(mlflow.artifacts.download_artifacts("models:/digits@best"), "weights").read_text(),
    "described": client.get_registered_model("digits").description,
    "run": client.get_model_version("digits", "1").run_id,
    "model": client.get_logged_model(logged.model_id).tags["mlflow.modelVersions"],
    "address": client.get_model_version_download_uri("digits", "4"),
}))
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    yield from recording(tmp_path_factory.mktemp("run"), SCRIPT)


@pytest.fixture(scope="module")
def models(recorded: Recorded) -> LocalModels:
    workspace = Workspace(root=recorded.served.workspace)
    return LocalModels(workspace, ObjectStore(workspace.root / "objects"))


def test_each_registration_makes_a_version(recorded: Recorded):
    assert recorded.seen["versions"] == [1, 2, 3, 4]


def test_the_versions_are_in_the_workspaces_registry(models: LocalModels):
    assert [(version.name, version.version) for version in models.list()] == [
        ("digits", number) for number in (1, 2, 3, 4)
    ]


def test_a_version_holds_the_files_that_were_logged(models: LocalModels, tmp_path):
    models.download(models.list()[0], tmp_path)
    assert (tmp_path / "weights").read_bytes() == b"weights"


def test_a_version_has_the_runs_metrics(models: LocalModels):
    assert models.list()[0].metrics == {"accuracy": 0.75}


def test_tags_aliases_and_descriptions_are_the_versions(models: LocalModels):
    one, two, *_ = models.list()
    assert one.tags == {"kind": "mlp", "owner": "lab"}
    assert two.tags == {"checked": "yes", "owner": "lab"}
    assert (two.aliases, two.description) == (("best",), "digits by hand")


def test_a_version_is_read_by_number_and_by_alias(recorded: Recorded):
    assert (recorded.seen["weights"], recorded.seen["latest"]) == ("weights", "weights")


def test_the_client_finds_what_it_kept(recorded: Recorded):
    assert recorded.seen["by alias"] == 2
    assert recorded.seen["found"] == [2]
    assert recorded.seen["described"] == "digits by hand"
    assert recorded.seen["run"] == "run-1"


def test_a_logged_model_knows_the_version_that_was_made_of_it(recorded: Recorded):
    assert [named["name"] for named in json.loads(recorded.seen["model"])] == ["digits"]
    (logged,) = recorded.served.tracked.models.values()
    assert logged.registered == ["digits:3"]


def test_the_runs_record_names_the_versions(recorded: Recorded):
    assert recorded.served.tracked.registered == ["digits:1", "digits:2", "digits:3", "digits:4"]


def test_a_version_of_an_address_elsewhere_is_kept_as_that_address(recorded: Recorded, models: LocalModels):
    assert recorded.seen["address"] == "s3://bucket/model"
    assert (models.list()[3].source, models.list()[3].files) == ("s3://bucket/model", ())


def test_a_version_of_an_address_elsewhere_says_where_its_files_are(models: LocalModels, tmp_path):
    from dressage.errors import StageError

    with pytest.raises(StageError, match="s3://bucket/model"):
        models.download(models.list()[3], tmp_path)


def test_reading_a_version_leaves_its_content_as_it_was(models: LocalModels):
    """MLflow's client writes a note beside the files that it reads."""
    assert {file.path for file in models.list()[0].files} == {"MLmodel", "weights"}
    assert not list(models._root.glob("*/*/registered_model_meta"))
