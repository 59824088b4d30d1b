"""A platform with one fault, which the variable KIT_FAULT names; without it, the local platform."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dressage import ComputeTarget, FileDataset, NotFoundError, hookimpl, setting
from dressage.files.digests import digest_of_file
from dressage.platforms.protocols import Progress
from dressage.records.requests import RunRequest, Submission
from dressage.records.run_folder import RunFolder
from dressage.records.workspace import Workspace
from dressage.results.plans import StagePlan
from dressage.results.statuses import RunStatus
from dressage.results.versions import ComputeHandle, DatasetVersion, File, digest_of_files
from dressage.storage.compute import StoredCompute
from dressage.supervision.launch import Launch
from dressage_local.options import Options
from dressage_local.runs import LocalRuns

DRESSAGE_CONTRACT = 1
FAULT = os.environ.get("KIT_FAULT", "")
WRAPPERS = {
    "arguments are split by a shell": 'exec "$0" $*',
    "errors of the script are lost": 'exec "$0" "$@" 2> /dev/null',
    "the exit code is swallowed": '"$0" "$@" || true',
    "a signal is an exit code of 1": '"$0" "$@"; code=$?; [ $code -gt 128 ] && code=1; exit $code',
    "output is kept back until the end": 'exec env -u PYTHONUNBUFFERED "$0" "$@"',
    "the script starts in an empty folder": 's=$PWD/$1; shift; mkdir empty; cd empty; exec "$0" $s "$@"',
}
"""Shell scripts that start the script in a wrong way; "$0" is the interpreter."""
LEAVES_CHILDREN = """
import signal, subprocess, sys
script = subprocess.Popen(sys.argv[1:], start_new_session=True)
signal.signal(signal.SIGTERM, lambda *_: script.terminate())
sys.exit(script.wait() % 256)
"""


class FaultyRuns(LocalRuns):
    """The runs of the local platform, with faults."""

    def __init__(self, workspace: Workspace, compute: StoredCompute, options: Options) -> None:
        super().__init__(workspace, compute, options)
        self.workspace = workspace

    def submit(self, submission: Submission) -> None:
        folder = self.workspace.run(submission.run_id)
        if FAULT == "a second submission starts the script again" and folder.launch.exists():
            launch = Launch.read(folder.launch)
            with folder.log.open("ab") as log:
                variables = {**os.environ, "DRESSAGE_RUN_ID": submission.run_id}
                subprocess.run(launch.argv, cwd=launch.source, env=variables, stdout=log, check=False)
        if FAULT == "a secret is written to a file":
            for name in submission.request.environment.secrets:
                (folder.path / "secrets").write_text(os.environ[name])
        super().submit(submission)

    def _prepare(self, folder: RunFolder, submission: Submission) -> None:
        super()._prepare(folder, submission)
        launch = Launch.read(folder.launch)
        if FAULT in WRAPPERS:
            launch = launch._replace(argv=["sh", "-c", WRAPPERS[FAULT], *launch.argv])
        if FAULT == "cancel leaves children":
            launch = launch._replace(argv=[sys.executable, "-c", LEAVES_CHILDREN, *launch.argv])
        if FAULT == "a resumed run starts from nothing":
            launch = launch._replace(checkpoints="outputs/nothing")
        if FAULT == "the time limit is ignored":
            launch = launch._replace(time_limit_s=None)
        launch.write(folder.launch)

    def observe(self, run_id: str) -> RunStatus:
        if FAULT == "an unknown run is queued" and not self.workspace.run(run_id).path.exists():
            return RunStatus(state="Queued")
        return super().observe(run_id)

    def logs(self, run_id: str, offset: int = 0) -> bytes:
        data = super().logs(run_id, offset)
        if FAULT == "the log is decoded as text":
            return data.decode(errors="replace").encode()
        if FAULT == "a reader that comes back misses a byte":
            return data[1:] if offset else data
        return data

    def download(self, run_id: str, paths: Iterable[str], target: Path) -> None:
        if FAULT == "a missing file is ignored":
            known = {file.path for file in self.files(run_id)}
            paths = [path for path in paths if path in known]
        super().download(run_id, paths, target)

    def cancel(self, run_id: str) -> None:
        if FAULT == "cancel of an unknown run fails" and not self.workspace.run(run_id).path.exists():
            raise NotFoundError(f"no run {run_id!r}")
        super().cancel(run_id)

    def notes(self, request: RunRequest) -> Sequence[str]:
        if FAULT == "a plan writes":
            (self.workspace.root.parent / "planned.txt").write_text("1")
        return super().notes(request)


class FaultyCompute(StoredCompute):
    def plan(self, target: ComputeTarget) -> StagePlan:
        plan = super().plan(target)
        if FAULT == "a plan creates the target":
            self.ensure(target, lambda *_: None)
        return plan

    def ensure(self, target: ComputeTarget, progress: Progress) -> ComputeHandle:
        if FAULT == "slots are ignored":
            target = replace(target, slots=target.slots + 9)
        return super().ensure(target, progress)


class FaultyDatasets:
    """Datasets that are copied to a folder for each version, with a line for each version in a file."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def plan(self, dataset: FileDataset) -> StagePlan:
        key, found = digest_of_files(_files(dataset)), self._find(dataset)
        version = found.version if found else None
        action: Any = "reuse" if found else "create"
        return StagePlan(stage="dataset", action=action, name=dataset.name, version=version, key=key)

    def ensure(self, dataset: FileDataset, progress: Progress) -> DatasetVersion:
        found = self._find(dataset)
        if found and FAULT != "ensure makes another version each time":
            return found
        if FAULT == "ensure takes no lock":
            time.sleep(0.3)
        version = self._describe(dataset, len(self.list(dataset.name)) + 1)
        if FAULT == "a version is listed before its files are there":
            self._add(version)
            time.sleep(0.05)
        for source in dataset.sources:
            target = self._folder(version) / source.path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source.addresses[0], target)
        if FAULT != "a version is listed before its files are there":
            self._add(version)
        return version

    def list(self, name: str | None = None) -> Sequence[DatasetVersion]:
        lines = self._index.read_text().splitlines() if self._index.exists() else []
        known = [DatasetVersion(**{**json.loads(line), "files": ()}) for line in lines]
        return [version for version in known if name in (None, version.name)]

    def files(self, version: DatasetVersion) -> Sequence[File]:
        folder = self._folder(version)
        return [
            File(path=str(path.relative_to(folder)), size=None)
            for path in folder.rglob("*")
            if path.is_file()
        ]

    def download(self, version: DatasetVersion, target: Path) -> None:
        shutil.copytree(self._folder(version), target)

    @property
    def _index(self) -> Path:
        return self._root / "versions"

    def _find(self, dataset: FileDataset) -> DatasetVersion | None:
        key = digest_of_files(_files(dataset))
        return next((version for version in self.list(dataset.name) if version.digest == key), None)

    def _folder(self, version: DatasetVersion) -> Path:
        return self._root / version.name / str(version.version)

    def _describe(self, dataset: FileDataset, number: int) -> DatasetVersion:
        key = digest_of_files(_files(dataset))
        return DatasetVersion(name=dataset.name, version=number, digest=key, files=(), created="")

    def _add(self, version: DatasetVersion) -> None:
        self._root.mkdir(parents=True, exist_ok=True)
        with self._index.open("a") as index:
            index.write(
                json.dumps(
                    {
                        "name": version.name,
                        "version": version.version,
                        "digest": version.digest,
                        "created": "",
                    }
                )
                + "\n"
            )


def _files(dataset: FileDataset) -> tuple[File, ...]:
    return tuple(
        File(path=source.path, size=None, sha256=digest_of_file(Path(source.addresses[0])))
        for source in dataset.sources
    )


@dataclass(frozen=True, kw_only=True)
class Undocumented(Options):
    queue: str = setting("short", help="" if FAULT == "an option has no help" else "queue that runs wait in")


class FaultyPlatform:
    def __init__(self, workspace: Workspace, options: Undocumented) -> None:
        self.compute = FaultyCompute(workspace.root / "compute")
        self.runs = FaultyRuns(workspace, self.compute, options)
        if "ensure" in FAULT or "version" in FAULT:
            self.datasets = FaultyDatasets(workspace.root / "faulty")


@hookimpl
def options() -> type:
    return Undocumented


@hookimpl
def platform(workspace: Workspace, options: Undocumented) -> FaultyPlatform:
    return FaultyPlatform(workspace, options)
