"""The workspace's registry of models, through MLflow's real client."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.core.supervision.tracking.conftest import API, Recording, Served, ask, record_script, serve
from tests.waiting import eventually

from dressage.records.workspace import Workspace
from dressage.storage.models import StoredModels

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
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recording]:
    yield from record_script(tmp_path_factory.mktemp("run"), SCRIPT)


@pytest.fixture(scope="module")
def models(recording: Recording) -> StoredModels:
    workspace = Workspace(root=recording.served.workspace)
    return StoredModels(workspace)


def test_each_registration_makes_a_version(recording: Recording):
    assert recording.seen["versions"] == [1, 2, 3, 4]


def test_the_versions_are_in_the_workspaces_registry(models: StoredModels):
    assert [(version.name, version.version) for version in models.list()] == [
        ("digits", number) for number in (1, 2, 3, 4)
    ]


def test_a_version_holds_the_files_that_were_logged(models: StoredModels, tmp_path: Path):
    models.download(models.list()[0], tmp_path)
    assert (tmp_path / "weights").read_bytes() == b"weights"


def test_a_version_has_the_runs_metrics(models: StoredModels):
    assert models.list()[0].metrics == {"accuracy": 0.75}


def test_tags_aliases_and_descriptions_are_the_versions(models: StoredModels):
    one, two, *_ = models.list()
    assert (one.tags, two.tags, two.aliases) == ({"kind": "mlp"}, {"checked": "yes"}, ("best",))
    assert (one.description, one.model_description) == (None, "digits by hand")
    assert one.model_tags == {"owner": "lab"}


def test_a_version_is_read_by_number_and_by_alias(recording: Recording):
    assert (recording.seen["weights"], recording.seen["latest"]) == ("weights", "weights")


def test_the_client_finds_what_it_kept(recording: Recording):
    assert recording.seen["by alias"] == 2
    assert recording.seen["found"] == [2]
    assert recording.seen["described"] == "digits by hand"
    assert recording.seen["run"] == "run-1"


def test_a_logged_model_knows_the_version_that_was_made_of_it(recording: Recording):
    assert [named["name"] for named in json.loads(recording.seen["model"])] == ["digits"]
    (logged,) = recording.served.tracked.models.values()
    assert logged.registered == ["digits:3"]


def test_the_runs_record_names_the_versions(recording: Recording):
    assert recording.served.tracked.registered == ["digits:1", "digits:2", "digits:3", "digits:4"]


def test_a_version_of_an_address_elsewhere_is_kept_as_that_address(
    recording: Recording, models: StoredModels
):
    assert recording.seen["address"] == "s3://bucket/model"
    assert (models.list()[3].source, models.list()[3].files) == ("s3://bucket/model", ())


def test_a_version_of_an_address_elsewhere_says_where_its_files_are(models: StoredModels, tmp_path: Path):
    from dressage.errors import StageError

    with pytest.raises(StageError, match="s3://bucket/model"):
        models.download(models.list()[3], tmp_path)


def test_reading_a_version_leaves_its_content_as_it_was(recording: Recording, models: StoredModels):
    """MLflow's client writes a note beside the files that it reads."""
    assert {file.path for file in models.list()[0].files} == {"MLmodel", "weights"}
    assert not list((recording.served.workspace / "models").glob("*/*/registered_model_meta"))


MODEL = API + "registered-models/"


def test_registering_while_another_thread_logs_succeeds(endpoint: Served):
    (endpoint.artifacts / "net").mkdir()
    (endpoint.artifacts / "net" / "weights").write_bytes(b"w")
    ask(endpoint, "POST", MODEL + "create", {"name": "digits"})
    source = {"name": "digits", "source": str(endpoint.artifacts / "net"), "run_id": "run-1"}

    def log() -> None:
        for batch in range(30):
            metrics = [{"key": f"{batch}-{number}", "value": 1} for number in range(100)]
            ask(endpoint, "POST", API + "runs/log-batch", {"run_id": "run-1", "metrics": metrics})

    with ThreadPoolExecutor(1) as pool:
        logging = pool.submit(log)
        statuses = [ask(endpoint, "POST", API + "model-versions/create", source)[0] for _ in range(20)]
        logging.result()
    assert set(statuses) == {200}


def test_a_name_is_created_once_for_simultaneous_requests(endpoint: Served):
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: ask(endpoint, "POST", MODEL + "create", {"name": "net"})[0], range(8))
        )
    assert sorted(answers) == [200, *[400] * 7]


def test_renaming_while_versions_are_added_leaves_one_name(endpoint: Served):
    (endpoint.artifacts / "net").mkdir()
    (endpoint.artifacts / "net" / "weights").write_bytes(b"w")
    ask(endpoint, "POST", MODEL + "create", {"name": "old"})
    source = {"name": "old", "source": str(endpoint.artifacts / "net"), "run_id": "run-1"}
    with ThreadPoolExecutor(4) as pool:
        added = [pool.submit(ask, endpoint, "POST", API + "model-versions/create", source) for _ in range(20)]
        renamed = pool.submit(ask, endpoint, "POST", MODEL + "rename", {"name": "old", "new_name": "new"})
        assert {one.result()[0] for one in added} <= {200, 404}
        assert renamed.result()[0] == 200
    _, answer = ask(endpoint, "GET", MODEL + "search")
    names = [model["name"] for model in answer["registered_models"]]
    assert "new" in names


def test_a_folder_of_a_name_that_is_gone_blocks_no_rename(endpoint: Served):
    ask(endpoint, "POST", MODEL + "create", {"name": "a"})
    (endpoint.workspace / "models" / "b").mkdir()
    assert ask(endpoint, "POST", MODEL + "rename", {"name": "a", "new_name": "b"})[0] == 200


@pytest.mark.parametrize("source", ["nothing", "../journal.jsonl", "/etc"])
def test_what_is_not_a_folder_of_the_run_is_not_registered(endpoint: Served, source: str):
    ask(endpoint, "POST", MODEL + "create", {"name": "net"})
    body = {"name": "net", "source": str(endpoint.artifacts / source), "run_id": "run-1"}
    assert ask(endpoint, "POST", API + "model-versions/create", body)[0] == 400


def test_a_registration_under_way_is_finished_before_the_endpoint_is_gone(tmp_path: Path):
    served, running = serve(tmp_path)
    (served.artifacts / "net").mkdir()
    for number in range(300):
        (served.artifacts / "net" / str(number)).write_bytes(
            bytes([number % 256]) * 1000 + str(number).encode()
        )
    ask(served, "POST", MODEL + "create", {"name": "net"})
    source = {"name": "net", "source": str(served.artifacts / "net"), "run_id": "run-1"}
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask, served, "POST", API + "model-versions/create", source)
        eventually(lambda: any((served.workspace / "objects").rglob("*")))
        running.close()
        at_close = served.tracked.registered
        assert asked.result()[0] == 200
    assert at_close == ["net:1"]


def version(endpoint: Served, name: str, content: bytes) -> str:
    """Registers a folder with one file, and answers with the folder that a client reads the version from."""
    folder = endpoint.artifacts / content.decode()
    folder.mkdir(exist_ok=True)
    (folder / "weights").write_bytes(content)
    ask(endpoint, "POST", MODEL + "create", {"name": name})
    body = {"name": name, "source": str(folder), "run_id": "run-1"}
    _, made = ask(endpoint, "POST", API + "model-versions/create", body)
    query = f"name={name}&version={made['model_version']['version']}"
    return str(ask(endpoint, "GET", f"{API}model-versions/get-download-uri?{query}")[1]["artifact_uri"])


def test_a_name_that_is_deleted_and_made_again_is_read_with_its_new_content(endpoint: Served):
    version(endpoint, "net", b"first")
    ask(endpoint, "DELETE", MODEL + "delete", {"name": "net"})
    assert (Path(version(endpoint, "net", b"second")) / "weights").read_bytes() == b"second"


def test_what_a_script_writes_into_what_it_reads_changes_no_version(endpoint: Served):
    """Root may write anywhere: a link to the registry's own bytes would be written through."""
    with (Path(version(endpoint, "net", b"weights")) / "weights").open("ab") as file:
        file.write(b"more")
    assert (endpoint.workspace / "models" / "net" / "1" / "weights").read_bytes() == b"weights"


def test_a_copied_version_has_the_very_same_content(endpoint: Served):
    (Path(version(endpoint, "net", b"weights")) / "registered_model_meta").write_text("a note")
    ask(endpoint, "POST", MODEL + "create", {"name": "copy"})
    body = {"name": "copy", "source": "models:/net/1"}
    assert ask(endpoint, "POST", API + "model-versions/create", body)[0] == 200
    copied = json.loads((endpoint.workspace / "models" / "copy" / "1.json").read_text())
    assert [file["path"] for file in copied["files"]] == ["weights"]


def test_a_single_file_may_be_registered(endpoint: Served):
    (endpoint.artifacts / "net.pkl").write_bytes(b"pickle")
    ask(endpoint, "POST", MODEL + "create", {"name": "net"})
    body = {"name": "net", "source": "runs:/run-1/net.pkl"}
    assert ask(endpoint, "POST", API + "model-versions/create", body)[0] == 200
    assert (endpoint.workspace / "models" / "net" / "1" / "net.pkl").read_bytes() == b"pickle"


@pytest.mark.parametrize(
    "source",
    [
        "models:/../../../evil/1",
        "models:/net/" + "9" * 5000,
        "models:/net/01",
        "runs:/run-1/link",
        "runs:/run-1/" + "x" * 5000,
        "http://[",
        "file:///a%00b",
    ],
)
def test_a_source_that_leads_elsewhere_or_is_none_gets_a_400(endpoint: Served, source: str):
    (endpoint.artifacts / "link").symlink_to("/etc")
    ask(endpoint, "POST", MODEL + "create", {"name": "net"})
    status, _ = ask(endpoint, "POST", API + "model-versions/create", {"name": "net", "source": source})
    assert status == 400


def test_versions_that_are_copies_of_one_another_in_a_circle_are_addresses(endpoint: Served):
    for name, source in (("a", "s3://bucket/a"), ("b", "models:/a/1")):
        ask(endpoint, "POST", MODEL + "create", {"name": name})
        ask(endpoint, "POST", API + "model-versions/create", {"name": name, "source": source})
    ask(endpoint, "DELETE", MODEL + "delete", {"name": "a"})
    ask(endpoint, "POST", MODEL + "create", {"name": "a"})
    ask(endpoint, "POST", API + "model-versions/create", {"name": "a", "source": "models:/b/1"})
    assert ask(endpoint, "GET", API + "model-versions/get-download-uri?name=a&version=1")[0] == 200


def test_a_prompt_is_kept(endpoint: Served):
    tags = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    ask(endpoint, "POST", MODEL + "create", {"name": "greeting", "tags": tags})
    text = [*tags, {"key": "mlflow.prompt.text", "value": "Hello {{name}}"}]
    body = {"name": "greeting", "source": "dummy-source", "tags": text}
    assert ask(endpoint, "POST", API + "model-versions/create", body)[0] == 200


def test_searching_while_another_thread_registers_succeeds(endpoint: Served):
    (endpoint.artifacts / "net").mkdir()
    (endpoint.artifacts / "net" / "weights").write_bytes(b"w")
    ask(endpoint, "POST", MODEL + "create", {"name": "net"})
    body = {"name": "net", "source": str(endpoint.artifacts / "net"), "run_id": "run-1"}
    with ThreadPoolExecutor(1) as pool:
        added = [pool.submit(ask, endpoint, "POST", API + "model-versions/create", body) for _ in range(30)]
        statuses = {ask(endpoint, "GET", API + "model-versions/search")[0] for _ in range(60)}
        assert {one.result()[0] for one in added} == {200}
    assert statuses == {200}
