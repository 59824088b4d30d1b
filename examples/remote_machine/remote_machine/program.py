"""What executes on the other machine for each call: its own workspace and platform `local` do the work."""

import os
import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, get_type_hints

from dressage import Engine
from dressage.files.encoding import from_json
from dressage.platforms.protocols import Compute, Environments, Progress, Runs
from dressage.platforms.remote_answers import answer_request
from dressage.records.requests import Submission
from dressage.results.tracking import Recorded
from dressage.supervision.guests import GuestRuns

FOLDER = Path.home() / sys.argv[1]
PROTOCOLS = {"runs": Runs, "compute": Compute, "environments": Environments}


class Host(GuestRuns):
    """The methods that can be requested. The workspace is a folder in the user's home."""

    def __init__(self) -> None:
        environ = {**os.environ, "DRESSAGE_WORKSPACE": str(FOLDER)}
        engine = Engine(environ=environ, platforms={"local": {"grace_s": float(sys.argv[2])}})
        self.workspace, self.local = engine.workspace, engine.platform("local")
        super().__init__(self.workspace, "local", self.local.runs)

    def call(
        self, capability: str, method: str, given: list[Any], named: dict[str, Any], report: Progress
    ) -> Any:
        """Call a method of the platform `local`. Its protocol says which types the arguments have."""
        hints = get_type_hints(getattr(PROTOCOLS[capability], method)).values()
        arguments = [from_json(hint, value) for hint, value in zip(hints, given, strict=False)]
        if method == "ensure":
            self.workspace.create()
            arguments.append(report)
        return getattr(getattr(self.local, capability), method)(*arguments, **named)

    def start(self, submission: Submission, secrets: dict[str, str]) -> list[str]:
        os.environ.update(secrets)  # `local` passes variables on in memory
        return self.submit(submission)

    def download(self, run_id: str, paths: list[str]) -> Path:
        folder = Path(mkdtemp(dir=FOLDER))
        self.local.runs.download(run_id, paths, folder)
        return folder

    def records(self, run_id: str) -> Recorded:
        tracked = self.workspace.run(run_id).refresh().tracked
        return Recorded(metrics=tracked.metrics, params=tracked.params, tags=tracked.tags)


answer_request(Host, FOLDER)
