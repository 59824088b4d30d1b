"""Resolve and build what is not there yet: one process at a time for each specification and each key."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

from dressage.environments import installing, resolving
from dressage.environments.active_interpreter import Interpreter
from dressage.environments.build_folders import Aside, aside, held, publish
from dressage.environments.readiness import (
    digest_of_specification,
    readiness_of,
    ready,
    remember,
    trouble_with,
)
from dressage.environments.records import Built, Python, Records, Resolution, write
from dressage.environments.signatures import signature_of
from dressage.environments.specification import CondaSpecification, parse
from dressage.environments.uv_process import Uv
from dressage.platforms.protocols import Progress
from dressage.records.journal import now


def build(records: Records, name: str, conda: str, progress: Progress, *, upgrade: bool) -> Resolution:
    specification = parse(name, conda)
    resolving.check(name, specification)
    work = _Work(records, name, conda, specification, progress)
    with work.alone(work.digest):
        done = None if upgrade else ready(records, name, conda)  # by the process that we waited for
        return done or work.build(upgrade=upgrade)


def note(records: Records, name: str, interpreter: Interpreter, progress: Progress) -> None:
    """Keep under its key which interpreter at hand it was."""
    key, path = interpreter.key, interpreter.executable
    base = Python(version=interpreter.version, executable=path, signature=signature_of(path))
    record = Built(name=name, key=key, created=now(), interpreter=str(path), python=base)
    with held(records.lock(key), progress, _waiting(name)), aside(records.root) as place:
        if not trouble_with(records, key):
            return  # by the process that we waited for
        place.environment.mkdir()
        (place.environment / "lock.txt").write_text(interpreter.lock)
        write(place.environment / "environment.json", record)
        publish(place, records.folder(key))


@dataclass(frozen=True, slots=True)
class _Work:
    records: Records
    name: str
    conda: str
    specification: CondaSpecification
    progress: Progress

    @property
    def digest(self) -> str:
        return digest_of_specification(self.specification)

    def alone(self, what: str) -> AbstractContextManager[None]:
        return held(self.records.lock(what), self.progress, _waiting(self.name))

    def build(self, *, upgrade: bool) -> Resolution:
        log = self.records.log(self.name, self.digest)
        log.unlink(missing_ok=True)
        with aside(self.records.root) as place:
            own = self.specification.names_its_index
            uv = Uv(name=self.name, log=log, holding=place.descriptor, own_index=own)
            resolution = self._resolution(place, uv, upgrade=upgrade)
            with self.alone(resolution.key):
                if trouble_with(self.records, resolution.key):
                    self._install(resolution, place, uv)
        remember(self.records, self.name, self.conda, resolution)
        return resolution

    def _resolution(self, place: Aside, uv: Uv, *, upgrade: bool) -> Resolution:
        known = None if upgrade else readiness_of(self.records, self.name, self.conda).resolution
        if known is not None and known.python.change is None:
            return known
        resolution = resolving.resolve(self.specification, place, uv, self.progress, refresh=upgrade)
        self.records.keep_resolution(self.digest, resolution)
        return resolution

    def _install(self, resolution: Resolution, place: Aside, uv: Uv) -> None:
        key, final = resolution.key, self.records.folder(resolution.key)
        record = Built(
            name=self.name,
            key=key,
            created=now(),
            interpreter="bin/python",
            python=resolution.python,
            conda=self.conda,
            location=final if resolution.packages else None,
        )
        installing.assemble(resolution, record, place, final, uv, self.progress)
        publish(place, final)


def _waiting(name: str) -> str:
    return f"waiting for another process that builds environment {name!r}"
