"""Failures end in one line that names the resource and the next step; temporary failures are retried."""

import json
from pathlib import Path

import pytest
from tests.azureml import Loopback
from tests.fixtures import WriteScript
from tests.plugins.azureml.conftest import LASTING, Cloudy, with_tiny

from dressage import ComputeTarget, DressageError, Engine, SettingsError, StageError
from dressage.engine.runs import Run


def complete_run(engine: Engine) -> Run:
    run = engine.run("tiny")
    assert run.wait(120).state == "Completed"
    return run


def test_no_config_json(project: Path):
    with pytest.raises(
        SettingsError, match=r"no config\.json of an Azure ML workspace .* dressage init --on azureml"
    ):
        with_tiny(project).plan("tiny")


def test_a_config_json_without_a_name(project: Path):
    (project / "config.json").write_text('{"subscription_id": "1", "resource_group": "g"}')
    with pytest.raises(SettingsError, match=r"config\.json' has no workspace_name"):
        with_tiny(project).plan("tiny")


def test_config_json_is_found_in_parent_folders_and_their_azureml_folder(service: Loopback, project: Path):
    (project / ".azureml").mkdir()
    (project / "config.json").rename(project / ".azureml" / "config.json")
    below = project / "a" / "b"
    below.mkdir(parents=True)
    (below / "data.csv").write_text("1\n")
    assert with_tiny(below).plan("tiny").stage("compute").action == "create"


def test_an_unknown_option_is_an_error(project: Path):
    with pytest.raises(SettingsError, match="no option named 'pol_s'; did you mean 'poll_s'"):
        with_tiny(project, pol_s=1).plan("tiny")


@pytest.mark.parametrize("key", ["subscription_id", "resource_group", "workspace_name"])
def test_an_unknown_workspace(service: Loopback, project: Path, key: str):
    names = {**service.config, key: "99999999-2222-3333-4444-555555555555"}
    (project / "config.json").write_text(json.dumps(names))
    with pytest.raises(StageError, match=rf"workspace '{names['workspace_name']}': .*") as raised:
        with_tiny(project).plan("tiny")
    assert "config.json" in str(raised.value)


def test_an_unreachable_network(service: Loopback, project: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ARM_CLOUD_METADATA_URL", "https://localhost:9/metadata/endpoints")
    monkeypatch.setenv("MSI_ENDPOINT", "https://localhost:9/identity/token")
    with pytest.raises(StageError, match=r"Connection refused.*; check the network and run it again"):
        with_tiny(project).plan("tiny")


def test_credentials_that_have_expired(azure: Engine, service: Loopback):
    service.fault("*", "^/(?!control)", times=LASTING, expired_token=True)
    with pytest.raises(StageError, match="log in with `az login`"):
        azure.plan("tiny")


def test_a_service_principal_without_its_secret(service: Loopback, project: Path):
    with pytest.raises(
        StageError, match="AZURE_TENANT_ID and AZURE_CLIENT_ID and AZURE_CLIENT_SECRET not set"
    ):
        with_tiny(project, auth="service-principal").plan("tiny")


def test_a_service_principal_logs_in(service: Loopback, project: Path, monkeypatch: pytest.MonkeyPatch):
    for name, value in {"TENANT_ID": "adfs", "CLIENT_ID": "me", "CLIENT_SECRET": "secret"}.items():
        monkeypatch.setenv(f"AZURE_{name}", value)
    assert with_tiny(project, auth="service-principal").plan("tiny").stage("compute").action == "create"


def test_a_retired_size_is_refused_before_anything_is_created(
    service: Loopback, project: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Cloudy, "size", "Standard_NC6s_v3")
    with pytest.raises(SettingsError, match="NCv3, which Azure retired in 2025-09; use Standard_NC4as_T4_v3"):
        with_tiny(project).run("tiny")
    assert service.changes() == []


@pytest.mark.parametrize("name", ["gpu_cluster", "gpu.cluster", "g", "c" * 25, "gpu-1", "1gpu"])
def test_an_invalid_cluster_name_is_refused_before_anything_is_sent(project: Path, name: str):
    (project / "config.json").write_text(
        '{"subscription_id": "1", "resource_group": "g", "workspace_name": "w"}'
    )
    compute = with_tiny(project).platform().compute
    with pytest.raises(SettingsError, match=f"compute target '{name}': use 3 to 24 letters"):
        compute.plan(ComputeTarget(name=name))


def test_a_size_that_the_region_lacks(service: Loopback, project: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Cloudy, "size", "Standard_DS33_v2")
    with pytest.raises(StageError, match="no size named 'Standard_DS33_v2'; did you mean 'STANDARD_DS3_V2'"):
        with_tiny(project).plan("tiny")


def test_a_size_without_quota(azure: Engine, service: Loopback):
    service.behave(without_quota=["STANDARD_DS3_V2"])
    with pytest.raises(
        StageError,
        match="needs 4 cores, and the quota 'Standard DSv2 Family Cluster Dedicated vCPUs' has 0 left",
    ):
        azure.run("tiny")
    assert service.changes() == []


def test_a_cluster_that_stays_resizing(service: Loopback, project: Path):
    service.behave(resizing=["cpu-cluster"])
    with pytest.raises(StageError, match=r"'cpu-cluster' is still .* after 1 s; .*compute_timeout_s"):
        with_tiny(project, compute_timeout_s=1).run("tiny")


def test_a_cluster_that_resizes_for_others_takes_runs(azure: Engine, service: Loopback, project: Path):
    complete_run(azure)
    service.behave(resizing=["cpu-cluster"])
    assert azure.platform().compute.ensure(azure.describe("tiny").compute, lambda *_: None).slots == 4


def test_an_image_that_cannot_be_built(azure: Engine, service: Loopback):
    service.behave(image_error="ResolvePackageNotFound: no-such-package")
    with pytest.raises(
        StageError, match=r"environment 'tiny-env'.*image could not be built: .*no-such-package"
    ):
        azure.run("tiny")


def test_a_script_that_fails_has_its_own_exit_code(azure: Engine, script: WriteScript):
    run = azure.run("script", set={"path": str(script("print('why'); raise SystemExit(3)"))})
    status = run.wait(60)
    assert (status.state, status.exit_code, status.reason) == (
        "Failed",
        3,
        "the script ended with exit code 3",
    )
    assert b"".join(run.logs()) == b"why\n"


def test_the_script_starts_again_after_its_node_is_preempted(azure: Engine, service: Loopback, project: Path):
    service.behave(preempt_after_s=0.0, preemptions=1)
    complete_run(azure)


@pytest.mark.slow
@pytest.mark.parametrize("status", [500, 503])
def test_a_service_that_is_busy_for_a_moment(azure: Engine, service: Loopback, status: int):
    service.fault("GET", "/history/", times=2, status=status)
    service.fault("POST", "/modelmanagement/", times=1, status=status)
    complete_run(azure)


def test_dropped_connections_lose_no_log_line(azure: Engine, service: Loopback, script: WriteScript):
    path = script("import time\nfor n in range(40): print(n); time.sleep(0.02)\n")
    run = azure.run("script", set={"path": str(path)})
    for _ in range(4):
        service.fault("GET", "/azureml-|/history/", times=1, drop=True)
    log = b"".join(run.logs(follow=True))
    assert log == b"".join(b"%d\n" % n for n in range(40))
    assert run.wait(60).state == "Completed"


def test_a_submission_whose_answer_is_lost_is_one_run(azure: Engine, service: Loopback):
    service.fault("POST", "/snapshotrun", times=1, lose=True)
    complete_run(azure)


def test_a_registration_whose_answer_is_lost_is_one_model(azure: Engine, service: Loopback):
    service.fault("POST", "/modelmanagement/.*/models$", times=1, lose=True)
    complete_run(azure)
    assert len(azure.platform().models.list()) == 1


def test_a_dataset_registration_whose_answer_is_lost_is_one_version(azure: Engine, service: Loopback):
    service.fault("POST", "/dataset/v1.*/datasets$", times=1, lose=True)
    complete_run(azure)
    assert [version.version for version in azure.platform().datasets.list()] == [1]


@pytest.mark.parametrize("status", [429, 503])
def test_an_environment_request_that_fails_for_a_moment(azure: Engine, service: Loopback, status: int):
    service.fault("GET", "/environment/", times=2, status=status)
    service.fault("PUT", "/environment/", times=1, status=status)
    complete_run(azure)


def test_an_interrupted_upload_can_be_repeated(azure: Engine, service: Loopback, project: Path):
    (project / "data.csv").write_bytes(b"0" * (9 << 20))
    service.fault("PUT", "/azureml-", times=1, status=403)
    with pytest.raises(DressageError):
        azure.run("tiny")
    complete_run(azure)


def test_a_damaged_download_is_refused(azure: Engine, service: Loopback, tmp_path: Path):
    run = complete_run(azure)
    for path in (service.folder / "service" / "storage").rglob("content"):
        if len(path.read_bytes()) == 64:  # the model: a digest in hexadecimal
            path.write_bytes(b"spoilt!!" * 8)
    assert run.model
    with pytest.raises(StageError, match="checksum mismatch: expected"):
        azure.platform().models.download(run.model, tmp_path / "model")
    assert not (tmp_path / "model" / "weights").exists()
