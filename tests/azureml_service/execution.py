"""Accept submitted runs, and execute them in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.azureml_service import clusters, environments, snapshots
from tests.azureml_service.addresses import WORKSPACE
from tests.azureml_service.jobs import Job, allocation
from tests.azureml_service.routing import Refusal, Request, Response, Routes
from tests.azureml_service.runs import ENDED, ensure_run, run, runs

if TYPE_CHECKING:
    from tests.azureml_service.service import Service

routes = Routes()
EXPERIMENT = f"/execution/v1.0{WORKSPACE}/experiments/{{experiment}}"


@routes.route("POST", f"{EXPERIMENT}/snapshotrun")
def submit(service: Service, request: Request, experiment: str) -> Response:
    """Start a run of a snapshot's script under the id that the client sends."""
    body, run_id = request.json(), request.query["runId"]
    configuration = body["Configuration"]
    _check(service, configuration, body["SnapshotId"])
    with service.lock:
        if run_id in runs(service):
            raise Refusal(400, "UserError", f"A job with this ID already exists: {run_id}.")
        new = ensure_run(service, experiment, run_id)
        new.sent.update(_run_fields(body, run_id))
        new.tags.update({**(configuration.get("tags") or {}), **allocation("steady")})
        new.describe(
            None, {"_azureml.ComputeTargetType": "amlctrain", "ContentSnapshotId": body["SnapshotId"]}
        )
    job = Job(service, new, configuration, body["SnapshotId"])
    service.area("closing", list).append(job.abandon)
    job.thread.start()
    return Response(200, {"runId": run_id})


def _run_fields(body: dict[str, Any], run_id: str) -> dict[str, Any]:
    """Return the fields that run history shows of a submitted run."""
    configuration = body["Configuration"]
    return {
        "runType": "azureml.scriptrun",
        "runTypeV2": {"orchestrator": "Execution", "traits": []},
        "scriptName": configuration.get("script"),
        "target": configuration["target"],
        "runDefinition": configuration,
        "parentRunId": body.get("ParentRunId"),
        "displayName": configuration.get("displayName") or run_id,
    }


def _check(service: Service, configuration: dict[str, Any], snapshot: str) -> None:
    """Refuse what Azure refuses: no script, an unknown cluster or snapshot, or an invalid environment."""
    snapshots.files(service, snapshot)
    clusters.cluster(service, configuration["target"])
    if not configuration.get("script") and not configuration.get("command"):
        raise Refusal(400, "UserError", "Neither a script nor a command is given.")
    script = configuration.get("script")
    if script and script not in snapshots.files(service, snapshot):
        raise Refusal(400, "UserError", f"The script {script} is not in the snapshot.")
    environment = configuration["environment"]
    name, version = environment.get("name"), environment.get("version")
    if version and name in service.area("environments"):
        environments.get_version(service, name, version)
    if not environment.get("docker") or not environment.get("python"):
        raise Refusal(400, "UserError", f"Environment {name} has no image or no Python section.")


@routes.route("POST", f"{EXPERIMENT}/runs/{{run_id}}/cancel")
def cancel(service: Service, request: Request, experiment: str, run_id: str) -> Response:
    """Cancel a run. A run that has ended does not change."""
    ended = run(service, run_id)
    if ended.status not in ENDED:
        ended.enter("CancelRequested")
        ended.canceled.set()
    return Response(200, {})
