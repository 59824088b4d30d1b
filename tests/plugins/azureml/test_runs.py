"""Runs, as Azure ML reports them."""

from pathlib import Path

import pytest
from tests.azureml import Loopback
from tests.fixtures import WriteScript
from tests.waiting import eventually

from dressage import DressageError, Engine, StageError

PREEMPTED = "AzureMLCompute job failed.\nPreemptionError: Nodes of this job got pre-empted"
CHECKPOINT = """
import os, sys
os.makedirs("outputs/checkpoints", exist_ok=True)
with open("outputs/checkpoints/step", "wb") as file:
    file.truncate(301 << 20)
sys.exit(3)
"""


def test_the_same_command_resumes_a_run_whose_node_was_preempted(azure: Engine, service: Loopback):
    service.behave(run_error=PREEMPTED)
    run = azure.run("tiny")
    status = run.wait(60)
    assert (status.state, status.exit_code, status.interrupted) == ("Failed", None, True)
    assert "PreemptionError" in (status.reason or "")
    service.behave(run_error=None)
    again = azure.run("tiny")
    assert (again.id, again.wait(60).state) == (run.id, "Completed")


def test_a_run_that_failed_after_its_script_has_no_exit_code(
    azure: Engine, service: Loopback, script: WriteScript
):
    service.behave(run_error="AzureMLCompute job failed. JobContainersMustShutDown: exit code: 0")
    status = azure.run("script", set={"path": str(script("pass"))}).wait(60)
    assert (status.state, status.exit_code) == ("Failed", None)
    assert "JobContainersMustShutDown" in (status.reason or "")


def test_a_run_that_waits_for_nodes_says_so(azure: Engine, service: Loopback, script: WriteScript):
    settings = {"path": str(script("pass"))}
    azure.run("script", set=settings).wait(60)
    service.behave(resizing=["default"])
    run = azure.run("script", set=settings, again=True)
    eventually(lambda: run.status.reason == "the cluster is scaling")
    assert run.status.state == "Queued"
    service.behave(resizing=[])
    assert run.wait(60).state == "Completed"


def test_tags_are_those_of_the_script_only(azure: Engine, script: WriteScript):
    run = azure.run("script", set={"path": str(script("import mlflow\nmlflow.set_tag('mine', '1')"))})
    assert run.wait(60).state == "Completed"
    assert run.tracked.tags == {"mine": "1"}


def test_observing_a_run_costs_two_requests(
    azure: Engine, service: Loopback, script: WriteScript, project: Path
):
    hold = project / "hold"
    hold.touch()
    text = (
        f"import os, time\nprint('here', flush=True)\nwhile os.path.exists({str(hold)!r}): time.sleep(0.02)\n"
    )
    run = azure.run("script", set={"path": str(script(text))})
    eventually(lambda: b"here" in b"".join(run.logs()))
    before, looks = count_requests(service), 5
    for _ in range(looks):
        assert run.status.state == "Running"
        assert b"".join(run.logs()) == b"here\n"
    assert count_requests(service) - before <= 2 * looks
    hold.unlink()
    assert run.wait(60).state == "Completed"


def count_requests(service: Loopback) -> int:
    """Return the number of requests to run history and storage."""
    return sum(
        path.startswith(("/history/", "/artifact/", "/azureml-"))
        for _, path, _ in service.state()["requests"]
    )


def test_a_log_is_read_after_its_address_has_expired(
    azure: Engine, service: Loopback, script: WriteScript, project: Path
):
    hold = project / "hold"
    hold.touch()
    text = (
        f"import os, time\nprint('one', flush=True)\nwhile os.path.exists({str(hold)!r}): time.sleep(0.02)\n"
        "print('two')\n"
    )
    run = azure.run("script", set={"path": str(script(text))})
    eventually(lambda: b"one" in b"".join(run.logs()))
    service.fault("GET", "^/azureml-artifacts/.*std_log", times=1, status=403)
    hold.unlink()
    assert b"".join(run.logs(follow=True)) == b"one\ntwo\n"


@pytest.mark.slow
def test_checkpoints_that_are_too_large_are_an_error(azure: Engine, service: Loopback, script: WriteScript):
    run = azure.run("script", set={"path": str(script(CHECKPOINT))})
    assert run.wait(120).state == "Failed"
    with pytest.raises(
        StageError, match=r"'outputs/checkpoints' have 301 MB; Azure ML accepts less than 300 MB"
    ):
        azure.resume(run.id)
    assert sum(path.endswith("/snapshotrun") for _, path, _ in service.state()["requests"]) == 1


def test_errors_do_not_contain_signatures(azure: Engine, service: Loopback, tmp_path: Path):
    run = azure.run("tiny")
    assert run.wait(60).state == "Completed"
    service.fault("GET", "^/azureml-artifacts", times=1, status=403)
    assert run.model
    with pytest.raises(DressageError) as raised:
        azure.platform().models.download(run.model, tmp_path / "model")
    assert "403" in str(raised.value)
    assert "sig=" not in str(raised.value)


def test_a_submission_that_is_refused_names_the_run(azure: Engine, service: Loopback):
    service.fault("POST", "/snapshotrun", times=1, status=400)
    with pytest.raises(StageError, match=r"run 'tiny-[^']+' in workspace 'loopback'"):
        azure.run("tiny", name="my best one")
