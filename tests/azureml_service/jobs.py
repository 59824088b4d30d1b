"""Execute a submitted run from its first state to its last: image, node and script."""

from __future__ import annotations

import json
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any

from tests.azureml_service import artifacts, clusters, environments
from tests.azureml_service.runs import Run, failure
from tests.azureml_service.scripts import LOG, Script

if TYPE_CHECKING:
    from tests.azureml_service.service import Service

IMAGE_LOG = "azureml-logs/20_image_build_log.txt"
TICK_S = 0.1


class RunEnded(Exception):  # noqa: N818 - not every end is an error
    """Ends the run with a state, and an error if it failed."""

    def __init__(self, status: str, error: dict[str, Any] | None = None) -> None:
        super().__init__(status)
        self.status, self.error = status, error


def allocation(state: str) -> dict[str, str]:
    """Return the tag with the state of the run's cluster."""
    return {"_aml_system_ComputeTargetStatus": json.dumps({"AllocationState": state, "CurrentNodeCount": 1})}


class Job:
    """A submitted run in a thread. go: execute it to its end. abandon: kill it, when the service stops."""

    def __init__(self, service: Service, run: Run, configuration: dict[str, Any], snapshot: str) -> None:
        self.service, self.run, self.configuration, self.snapshot = service, run, configuration, snapshot
        self.folder = service.folder / "runs" / run.id
        self.script = Script(service, run, configuration, self.folder)
        self.thread = threading.Thread(target=self.go, daemon=True)

    def go(self) -> None:
        try:
            self.folder.mkdir(parents=True)
            self._prepare()
            while not self._execute():
                self._stay("Queued", self.service.behaviour.queued_s)
            self._judge()
            self._stay("Finalizing", self.service.behaviour.finalizing_s)
            self.run.enter("Completed")
        except RunEnded as end:
            self.run.enter(end.status, end.error)
        except Exception:
            self.service.failures.append(traceback.format_exc())
            self.run.enter("Failed", failure("SystemError", traceback.format_exc()))

    def abandon(self) -> None:
        self.run.canceled.set()
        self.script.end(0)
        self.thread.join(5)

    def _prepare(self) -> None:
        self._stay("Starting", self.service.behaviour.starting_s)
        self._stay("Preparing", self.service.behaviour.preparing_s)
        self._build()
        self._stay("Queued", self.service.behaviour.queued_s)

    def _stay(self, status: str, seconds: float) -> None:
        """Enter a state and stay there for some time."""
        self.run.enter(status)
        if self.run.canceled.wait(seconds):
            raise RunEnded("Canceled")

    def _build(self) -> None:
        """Wait for the environment's image."""
        image = environments.ensure_image(self.service, self.configuration["environment"])
        if image.found:
            return
        self.run.logs.append(IMAGE_LOG)
        while True:
            artifacts.keep(self.service, self.run.id, IMAGE_LOG, image.log.encode())
            if image.has_failed:
                message = f"Image build failed. For more details, check log file {IMAGE_LOG}. {image.error}"
                raise RunEnded("Failed", failure("ImageBuildFailure", message))
            if image.status == "Succeeded":
                image.found = True
                return
            self._stay("Preparing", TICK_S)

    def _execute(self) -> bool:
        """Run the script on a node to its end. Returns False if the node was preempted: start it again."""
        target = self.configuration["target"]
        if target in self.service.behaviour.resizing:
            self.run.tags.update(allocation("resizing"))
        with clusters.node(self.service, target, self.run.canceled) as taken:
            if not taken:
                raise RunEnded("Canceled")
            self.run.tags.update(allocation("steady"))
            self.script.start(self.snapshot)
            self.run.enter("Running")
            try:
                return self._watch()
            finally:
                self.script.end(0)  # processes that the script left behind
                self.script.collect()

    def _watch(self) -> bool:
        """Collect the script's files until it ends. Returns False if its node is preempted first."""
        started, behaviour = time.monotonic(), self.service.behaviour
        longest = self.configuration.get("maxRunDurationSeconds")
        while self.script.code is None:
            self.script.collect()
            life = behaviour.preempt_after_s if behaviour.preemptions > 0 else None
            lasted = time.monotonic() - started
            if life is not None and lasted > life:
                behaviour.preemptions -= 1
                self.run.warnings.append({"source": "Cluster", "message": "The node was preempted."})
                return False
            if longest and lasted > longest:
                self._cancel(failure("UserError", f"The run exceeded its limit of {longest} s."))
            if self.run.canceled.wait(TICK_S):
                self._cancel()
        return True

    def _cancel(self, error: dict[str, Any] | None = None) -> None:
        self.script.end(self.service.behaviour.grace_s)
        raise RunEnded("Canceled", error)

    def _judge(self) -> None:
        """Fail the run if its script or its node failed."""
        if self.service.behaviour.run_error:
            raise RunEnded("Failed", failure("UserError", self.service.behaviour.run_error))
        code = self.script.code
        if code == 0:
            return
        end = "\n".join(self.script.log.read_text(errors="replace").splitlines()[-20:])
        message = (
            f"Execution failed. User process 'python' exited with status code {code}. "
            f"Please check log file '{LOG}' for error details. Error: {end}"
        )
        raise RunEnded("Failed", failure("UserError", message))
