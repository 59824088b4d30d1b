"""Resolve and build environments: one process at a time for each specification and each key."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

from dressage.environments import installing, resolving
from dressage.environments.build_folders import BuildFolder, hold_lock, open_build_folder, publish
from dressage.environments.interpreters import Interpreter
from dressage.environments.package_sources import PackageSources
from dressage.environments.parsing import parse
from dressage.environments.readiness import (
    digest_of_specification,
    find_problem,
    find_ready,
    readiness_of,
    remember,
)
from dressage.environments.records import BuiltEnvironment, Python, Records, Resolution, write
from dressage.environments.signatures import signature_of
from dressage.environments.specification import Specification
from dressage.environments.uv_process import Uv
from dressage.environments.wheels import WheelBuilder, has_wheels
from dressage.platforms.protocols import Progress
from dressage.records.journal import now
from dressage.specs.environments import Environment


def build(
    records: Records,
    environment: Environment,
    sources: PackageSources,
    progress: Progress,
    *,
    upgrade: bool,
) -> Resolution:
    """Build the environment, unless another process has just built it. sources: those that the environment names."""
    specification = parse(environment)
    resolving.check(environment.name, specification)
    work = _Work(records, environment, specification, sources, progress)
    with work.lock(work.digest):
        built = None if upgrade else find_ready(records, environment)  # by the process that we waited for
        return built or work.build(upgrade=upgrade)


def record_interpreter(records: Records, name: str, interpreter: Interpreter, progress: Progress) -> None:
    """Record an interpreter that exists as an environment, under its key."""
    key, path = interpreter.key, interpreter.executable
    base = Python(version=interpreter.version, executable=path, signature=signature_of(path))
    record = BuiltEnvironment(name=name, key=key, created=now(), interpreter=str(path), python=base)
    with hold_lock(records.lock(key), progress, _waiting(name)), open_build_folder(records.root) as place:
        if not find_problem(records, key):
            return  # recorded by the process that we waited for
        place.environment.mkdir()
        (place.environment / "lock.txt").write_text(interpreter.lock)
        write(place.environment / "environment.json", record)
        publish(place, records.folder(key))


@dataclass(frozen=True, slots=True)
class _Work:
    records: Records
    environment: Environment
    specification: Specification
    sources: PackageSources
    progress: Progress

    @property
    def digest(self) -> str:
        return digest_of_specification(self.specification)

    def lock(self, key: str) -> AbstractContextManager[None]:
        return hold_lock(self.records.lock(key), self.progress, _waiting(self.environment.name))

    def build(self, *, upgrade: bool) -> Resolution:
        name = self.environment.name
        log = self.records.log(name, self.digest)
        log.unlink(missing_ok=True)
        with open_build_folder(self.records.root) as place:
            own_index = self.specification.names_its_index
            uv = Uv(name=name, log=log, lock=place.descriptor, own_index=own_index, sources=self.sources)
            resolution = self._resolve(place, uv, upgrade=upgrade)
            with self.lock(resolution.key):
                if find_problem(self.records, resolution.key):
                    self._install(resolution, place, uv)
        remember(self.records, self.environment, resolution)
        return resolution

    def _resolve(self, place: BuildFolder, uv: Uv, *, upgrade: bool) -> Resolution:
        known = None if upgrade else readiness_of(self.records, self.environment).resolution
        if known is not None and known.python.change is None and has_wheels(known):
            return known
        wheels = WheelBuilder(self.environment, place, uv, self.progress, self.records.wheels(self.digest))
        resolution = resolving.resolve(
            self.specification, place, uv, self.progress, refresh=upgrade, wheels=wheels
        )
        self.records.keep_resolution(self.digest, resolution)
        return resolution

    def _install(self, resolution: Resolution, place: BuildFolder, uv: Uv) -> None:
        key, final = resolution.key, self.records.folder(resolution.key)
        record = BuiltEnvironment(
            name=self.environment.name,
            key=key,
            created=now(),
            interpreter="bin/python",
            python=resolution.python,
            conda=self.environment.conda,
            requirements=self.environment.requirements,
            constraints=self.environment.constraints,
            project=self.environment.project,
            location=final if resolution.packages else None,
        )
        installing.assemble(resolution, record, place, final, uv, self.progress, self.environment.project)
        publish(place, final)


def _waiting(name: str) -> str:
    return f"waiting for another process that is building environment {name!r}"
