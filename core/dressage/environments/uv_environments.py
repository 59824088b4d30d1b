"""Environments that uv builds on this machine."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from dressage.environments.active_interpreter import active_environment, active_interpreter
from dressage.environments.interpreters import Interpreter, InterpreterKeys, read_interpreter
from dressage.environments.package_sources import PackageSources
from dressage.environments.readiness import find_problem, find_ready, readiness_of, reasons_to_build
from dressage.environments.records import BuiltEnvironment, NamedEnvironment, Records
from dressage.errors import NotFoundError, StageError
from dressage.files.disk import name_in_errors
from dressage.platforms.protocols import Progress
from dressage.results.plans import StagePlan
from dressage.results.versions import EnvironmentVersion
from dressage.specs.environments import Environment


class UvEnvironments:
    """Environments below `root`, built by uv from descriptions of packages; or interpreters that exist.

    indexes, find_links: addresses by name. They may contain credentials and are never recorded.
    """

    def __init__(
        self,
        root: Path,
        *,
        indexes: Mapping[str, str] | None = None,
        find_links: Mapping[str, str] | None = None,
    ) -> None:
        self._records = Records(root.absolute())
        self._keys = InterpreterKeys()
        self._sources = PackageSources(indexes=indexes or {}, find_links=find_links or {})

    def plan(self, environment: Environment) -> StagePlan:
        """Plan the environment without running programs or using the network; a known one takes milliseconds."""
        if interpreter := _interpreter_of(environment):
            return self._plan_interpreter(environment, interpreter)
        self._sources.select(environment)
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
        """Build the environment, unless it is ready. upgrade: resolve again to the newest allowed versions."""
        with name_in_errors(self._records.root):
            if interpreter := _interpreter_of(environment):
                key = self._ensure_interpreter(environment.name, interpreter, progress)
                return self._version(environment, key, environment.variables)
            sources = self._sources.select(environment)
            resolution = None if upgrade else find_ready(self._records, environment)
            if resolution is None:
                from dressage.environments.building import build

                resolution = build(self._records, environment, sources, progress, upgrade=upgrade)
            variables = {**resolution.variables, **environment.variables}
            return self._version(environment, resolution.key, variables)

    def list(self) -> Sequence[EnvironmentVersion]:
        """Return all environments, one line for each of their names, the newest last."""
        built = {record.key: record for record in self._records.all_environments()}
        pairs = {(record.name, key) for key, record in built.items()}
        pairs |= {(name, latest.key) for name, latest in self._records.all_names() if latest.key in built}
        versions = [EnvironmentVersion(name=name, key=key, created=built[key].created) for name, key in pairs]
        return sorted(versions, key=lambda version: (version.created, version.name))

    def interpreter(self, key: str) -> Path:
        """Return the Python to run scripts with. Raises StageError if it was deleted."""
        record = self._read(key)
        path = self._records.folder(key) / record.interpreter
        if not path.exists():
            message = f"environment {record.name!r}: its interpreter {str(path)!r} no longer exists"
            raise StageError("environment", f"{message}; run the command again to build what is missing")
        return path

    def lock(self, key: str) -> str:
        """Return the environment's packages as a requirements file; with hashes, unless it is an interpreter's."""
        self._read(key)
        return (self._records.folder(key) / "lock.txt").read_text()

    def _plan_interpreter(self, environment: Environment, interpreter: Interpreter) -> StagePlan:
        is_active = environment.interpreter in (None, active_environment(os.environ))
        which = "the active Python interpreter" if is_active else "Python interpreter"
        chosen = f"{which}, {str(interpreter.executable)!r} (Python {interpreter.version})"
        reasons = (chosen, interpreter.notice) if interpreter.notice else (chosen,)
        key = self._keys.key_of(interpreter)
        return StagePlan(stage="environment", action="reuse", name=environment.name, key=key, reasons=reasons)

    def _ensure_interpreter(self, name: str, interpreter: Interpreter, progress: Progress) -> str:
        key = self._keys.key_of(interpreter)
        if find_problem(self._records, key):
            from dressage.environments.building import record_interpreter

            record_interpreter(self._records, name, interpreter, progress)
        self._records.keep_name(name, NamedEnvironment(key=key))
        return key

    def _read(self, key: str) -> BuiltEnvironment:
        record = self._records.read_environment(key)
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
            name=environment.name, key=key, created=self._read(key).created, variables=variables
        )


def _interpreter_of(environment: Environment) -> Interpreter | None:
    """Return the interpreter that the environment names, or the active one; None if it installs packages.

    Raises StageError if there is none in the folder that it names.
    """
    if environment.is_active_interpreter:
        return active_interpreter()
    if environment.interpreter is None:
        return None
    found = read_interpreter(environment.interpreter)
    if found is None:
        raise StageError(
            "environment",
            f"environment {environment.name!r}: {str(environment.interpreter)!r} is not a virtual environment or a"
            " conda environment that works; create it again, or give the packages as requirements",
        )
    return found
