"""A platform in memory, for the tests of recipes: it reads no data, builds nothing and starts no script."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dressage.errors import NotFoundError, describe_unknown
from dressage.files.digests import digest_of
from dressage.files.encoding import to_json
from dressage.hooks.specs import hookimpl
from dressage.platforms.protocols import Progress
from dressage.records.journal import now
from dressage.records.requests import Submission, input_of
from dressage.results.metrics import Point
from dressage.results.plans import StagePlan
from dressage.results.statuses import RunStatus
from dressage.results.tracking import Recorded
from dressage.results.versions import ComputeHandle, DatasetVersion, EnvironmentVersion, File
from dressage.specs.compute import Accelerator, ComputeTarget
from dressage.specs.datasets import DatasetFolder, FileDataset
from dressage.specs.environments import Environment


class MemoryPlatform:
    """A platform whose runs end at once, as the test says.

        platform = MemoryPlatform(outputs={"outputs/model/weights": b"1"}, metrics={"accuracy": 0.9})
        engine.plugins.add("platform", "memory", platform)
        run = engine.run("iris", on="memory")
        assert platform.arguments_of(run.id) == ["--data", "<iris>", "--rate", "0.1"]

    outputs: the files that a run leaves, by path, "outputs/..." or "logs/...". log: what its script prints.
    metrics, params: what its script records. exit_code: of its script. accelerator: of all compute targets.
    submissions: what the platform got, by run id; of a resumed run, the last attempt.
    Models are registered in the workspace, from the outputs.
    """

    def __init__(
        self,
        *,
        outputs: Mapping[str, bytes] | None = None,
        log: bytes = b"",
        metrics: Mapping[str, float] | None = None,
        params: Mapping[str, str] | None = None,
        exit_code: int = 0,
        accelerator: Accelerator = "cpu",
    ) -> None:
        self.outputs, self.log, self.exit_code = dict(outputs or {}), log, exit_code
        self.metrics, self.params = dict(metrics or {}), dict(params or {})
        self.submissions: dict[str, Submission] = {}
        self.runs = _Runs(self)
        self.datasets = _Datasets()
        self.compute = _Compute(accelerator)
        self.environments = _Environments()

    @hookimpl
    def platform(self) -> "MemoryPlatform":
        return self

    def arguments_of(self, run_id: str) -> list[str]:
        """Return the arguments of a run's script; "<NAME>" stands for the folder of the input of that name."""
        request = self.submissions[run_id].request
        return [
            f"<{input_of(argument, request.datasets)}>" if isinstance(argument, DatasetFolder) else argument
            for argument in request.script.arguments
        ]


class _Runs:
    def __init__(self, platform: MemoryPlatform) -> None:
        self._platform = platform

    def submit(self, submission: Submission) -> None:
        self._platform.submissions[submission.run_id] = submission

    def observe(self, run_id: str) -> RunStatus:
        if run_id not in self._platform.submissions:
            raise NotFoundError(describe_unknown("run", run_id, self._platform.submissions))
        code, time = self._platform.exit_code, now()
        if code == 0:
            return RunStatus(state="Completed", exit_code=0, started=time, ended=time)
        reason = f"the script ended with exit code {code}"
        return RunStatus(state="Failed", exit_code=code, reason=reason, started=time, ended=time)

    def logs(self, run_id: str, offset: int = 0) -> bytes:
        return self._platform.log[offset:]

    def files(self, run_id: str) -> Sequence[File]:
        return [File(path=path, size=len(content)) for path, content in self._platform.outputs.items()]

    def download(self, run_id: str, paths: Iterable[str], target: Path) -> None:
        for path in paths:
            if path not in self._platform.outputs:
                raise NotFoundError(describe_unknown("file", path, self._platform.outputs))
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_bytes(self._platform.outputs[path])

    def cancel(self, run_id: str) -> None:
        """Do nothing: every run has ended."""

    def records(self, run_id: str) -> Recorded:
        metrics = {
            name: [Point(value=value, step=0, timestamp=0)] for name, value in self._platform.metrics.items()
        }
        return Recorded(metrics=metrics, params=self._platform.params, tags={})


class _Datasets:
    """Versions by content of their description: the files are not read."""

    def __init__(self) -> None:
        self._versions: dict[str, list[DatasetVersion]] = {}

    def plan(self, dataset: FileDataset) -> StagePlan:
        found, name, key = self._find(dataset), dataset.name, _digest(dataset)
        if found:
            return StagePlan(stage="dataset", action="reuse", name=name, version=found.version, key=key)
        reasons = ("not registered yet",)
        return StagePlan(stage="dataset", action="upload", name=name, key=key, reasons=reasons)

    def ensure(self, dataset: FileDataset, progress: Progress) -> DatasetVersion:
        if found := self._find(dataset):
            return found
        versions = self._versions.setdefault(dataset.name, [])
        files = tuple(File(path=one.path, size=one.size, sha256=one.sha256) for one in dataset.sources)
        versions.append(
            DatasetVersion(
                name=dataset.name,
                version=len(versions) + 1,
                digest=_digest(dataset),
                files=files,
                created=now(),
                description=dataset.description,
                tags=dataset.tags,
            )
        )
        return versions[-1]

    def list(self, name: str | None = None) -> Sequence[DatasetVersion]:
        known = [name] if name else sorted(self._versions)
        return [version for one in known for version in self._versions.get(one, ())]

    def files(self, version: DatasetVersion) -> Sequence[File]:
        return version.files

    def download(self, version: DatasetVersion, target: Path) -> None:
        raise NotFoundError(f"dataset {version.name!r} has no bytes: it is registered in memory only")

    def _find(self, dataset: FileDataset) -> DatasetVersion | None:
        known = self._versions.get(dataset.name, ())
        return next((version for version in known if version.digest == _digest(dataset)), None)


def _digest(dataset: FileDataset) -> str:
    return digest_of(to_json(dataset.sources))


class _Compute:
    def __init__(self, accelerator: Accelerator) -> None:
        self._accelerator = accelerator
        self._handles: dict[str, ComputeHandle] = {}

    def resolve(self, target: ComputeTarget) -> ComputeTarget:
        return replace(target, accelerator=target.accelerator or self._accelerator)

    def plan(self, target: ComputeTarget) -> StagePlan:
        if target.name in self._handles:
            return StagePlan(stage="compute", action="reuse", name=target.name)
        return StagePlan(
            stage="compute", action="create", name=target.name, reasons=("it does not exist yet",)
        )

    def ensure(self, target: ComputeTarget, progress: Progress) -> ComputeHandle:
        handle = ComputeHandle(
            name=target.name,
            slots=target.slots,
            accelerator=target.accelerator or self._accelerator,
            size=target.size,
        )
        return self._handles.setdefault(target.name, handle)

    def list(self) -> Sequence[ComputeHandle]:
        return list(self._handles.values())

    def delete(self, name: str) -> None:
        if name not in self._handles:
            raise NotFoundError(describe_unknown("compute target", name, self._handles))
        del self._handles[name]


class _Environments:
    """Environments by their description: nothing is resolved or built."""

    def __init__(self) -> None:
        self._versions: dict[str, EnvironmentVersion] = {}

    def plan(self, environment: Environment) -> StagePlan:
        key = digest_of(to_json(environment))
        if key in self._versions:
            return StagePlan(stage="environment", action="reuse", name=environment.name, key=key)
        reasons = ("environment not built yet",)
        return StagePlan(stage="environment", action="build", name=environment.name, key=key, reasons=reasons)

    def ensure(
        self, environment: Environment, progress: Progress, *, upgrade: bool = False
    ) -> EnvironmentVersion:
        key = digest_of(to_json(environment))
        version = EnvironmentVersion(
            name=environment.name, key=key, created=now(), variables=environment.variables
        )
        return self._versions.setdefault(key, version)

    def list(self) -> Sequence[EnvironmentVersion]:
        return list(self._versions.values())
