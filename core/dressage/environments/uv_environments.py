"""Environments that uv builds on a machine within reach."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from dressage.environments.active_interpreter import active_interpreter
from dressage.environments.package_sources import PackageSources
from dressage.environments.readiness import readiness_of, ready, reasons_to_build, trouble_with
from dressage.environments.records import Built, Named, Records
from dressage.errors import NotFoundError, StageError
from dressage.files.disk import name_in_errors
from dressage.platforms.protocols import Progress
from dressage.results.plans import StagePlan
from dressage.results.versions import EnvironmentVersion
from dressage.specs.environments import Environment


class UvEnvironments:
    """Environments below `root`, built by uv from conda specifications and requirements; or the active interpreter.

    indexes, find_links: the addresses of what environments name. They may hold credentials and are recorded nowhere.
    """

    def __init__(
        self,
        root: Path,
        *,
        indexes: Mapping[str, str] | None = None,
        find_links: Mapping[str, str] | None = None,
    ) -> None:
        self._records = Records(root.absolute())
        self._sources = PackageSources(indexes=indexes or {}, find_links=find_links or {})

    def plan(self, environment: Environment) -> StagePlan:
        """Runs no program and reads no network; a specification that was resolved before costs milliseconds."""
        if environment.is_active_interpreter:
            return _plan_active(environment.name)
        self._sources.named_by(environment)
        found = readiness_of(self._records, environment)
        resolution = found.resolution
        return StagePlan(
            stage="environment",
            action="reuse" if found.is_ready else "build",
            name=environment.name,
            key=resolution.key if resolution and resolution.python.change is None else None,
            reasons=("the same specification was built before",)
            if found.is_ready
            else reasons_to_build(self._records, environment, found),
        )

    def ensure(
        self, environment: Environment, progress: Progress, *, upgrade: bool = False
    ) -> EnvironmentVersion:
        """upgrade: resolve again, to the newest allowed versions."""
        with name_in_errors(self._records.root):
            if environment.is_active_interpreter:
                key = self._ensure_active(environment.name, progress)
                return self._version(environment, key, environment.variables)
            sources = self._sources.named_by(environment)
            resolution = None if upgrade else ready(self._records, environment)
            if resolution is None:
                from dressage.environments.building import build

                resolution = build(self._records, environment, sources, progress, upgrade=upgrade)
            variables = {**resolution.variables, **environment.variables}
            return self._version(environment, resolution.key, variables)

    def list(self) -> Sequence[EnvironmentVersion]:
        """What is there, under every name that it has, the newest last."""
        built = {record.key: record for record in self._records.all_built()}
        pairs = {(record.name, key) for key, record in built.items()}
        pairs |= {(name, named.key) for name, named in self._records.all_named() if named.key in built}
        versions = [EnvironmentVersion(name=name, key=key, created=built[key].created) for name, key in pairs]
        return sorted(versions, key=lambda version: (version.created, version.name))

    def interpreter(self, key: str) -> Path:
        """The Python to run scripts with. Raises StageError if it has been taken away since."""
        record = self._built(key)
        path = self._records.folder(key) / record.interpreter
        if not path.exists():
            message = f"environment {record.name!r}: its interpreter {str(path)!r} is gone"
            raise StageError("environment", f"{message}; run the command again, which builds what is missing")
        return path

    def lock(self, key: str) -> str:
        """Exactly what is in it, as a requirements file; with hashes, if it was built here."""
        self._built(key)
        return (self._records.folder(key) / "lock.txt").read_text()

    def _ensure_active(self, name: str, progress: Progress) -> str:
        interpreter = active_interpreter()
        key = interpreter.key
        if trouble_with(self._records, key):
            from dressage.environments.building import note

            note(self._records, name, interpreter, progress)
        self._records.keep_name(name, Named(key=key))
        return key

    def _built(self, key: str) -> Built:
        record = self._records.built(key)
        if record is None:
            where = str(self._records.root)
            raise NotFoundError(
                f"no environment with key {key!r} in {where!r}; run the command that built it again"
            )
        return record

    def _version(
        self, environment: Environment, key: str, variables: Mapping[str, str]
    ) -> EnvironmentVersion:
        return EnvironmentVersion(
            name=environment.name, key=key, created=self._built(key).created, variables=variables
        )


def _plan_active(name: str) -> StagePlan:
    interpreter = active_interpreter()
    chosen = f"the active Python interpreter, {str(interpreter.executable)!r} (Python {interpreter.version})"
    reasons = (chosen, interpreter.notice) if interpreter.notice else (chosen,)
    return StagePlan(stage="environment", action="reuse", name=name, key=interpreter.key, reasons=reasons)
