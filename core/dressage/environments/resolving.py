"""Resolve a specification to exact packages."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from dressage.environments import conda_packages, pythons
from dressage.environments.build_folders import BuildFolder
from dressage.environments.hashes import HashError, keep_given_hashes
from dressage.environments.limited_indexes import write_inputs
from dressage.environments.project_locks import lock_project
from dressage.environments.records import Python, Resolution
from dressage.environments.specification import Specification
from dressage.environments.uv_process import Uv
from dressage.environments.wheels import Wheel, WheelBuilder
from dressage.errors import StageError
from dressage.platforms.protocols import Progress


def check(name: str, specification: Specification) -> None:
    """Raises StageError if this machine cannot build the specification. Changes nothing."""
    pythons.check_possible(name, specification.python)
    conda_packages.check_available(name, specification.packages)


def resolve(
    specification: Specification,
    place: BuildFolder,
    uv: Uv,
    progress: Progress,
    *,
    refresh: bool,
    wheels: WheelBuilder,
) -> Resolution:
    """Resolve the specification. refresh: ask the index for new versions instead of using uv's cache.

    wheels: builds the local projects.
    """
    if specification.packages:
        return _resolve_with_conda(specification, place, uv, progress, refresh=refresh, wheels=wheels)
    python = pythons.find(specification.python, uv, progress)
    if specification.project is not None:
        lock = lock_project(
            specification.project, place, uv, progress, str(python.executable), refresh=refresh
        )
        built = wheels.build(str(python.executable))
        return Resolution(python=python, requirements=lock + "".join(f"{one.locked}\n" for one in built))
    built = wheels.build(str(python.executable))
    specification = _with(specification, built)
    requirements = _compile(specification, place, uv, progress, str(python.executable), refresh=refresh)
    return Resolution(
        python=python,
        requirements=requirements,
        options=_for_uv(specification.options),
        variables=specification.variables,
    )


def _with(specification: Specification, wheels: Iterable[Wheel]) -> Specification:
    """Return the specification with the wheels among its requirements."""
    return replace(
        specification, requirements=(*specification.requirements, *(one.requirement for one in wheels))
    )


def _resolve_with_conda(
    specification: Specification,
    place: BuildFolder,
    uv: Uv,
    progress: Progress,
    *,
    refresh: bool,
    wheels: WheelBuilder,
) -> Resolution:
    progress("resolving conda packages", 0, None)
    wanted = [*specification.packages, f"python {specification.python.conda}"]
    solution = conda_packages.solve(uv.name, specification.channels, wanted)
    requirements = ""
    if specification.requirements or specification.builds:
        # The pip packages must fit the conda packages. Their distributions are known only once they are installed.
        trial = place.folder / "trial"
        conda_packages.install(uv.name, specification.channels, solution.packages, trial, trial)
        present = tuple(path.stem for path in trial.glob("lib/python3*/site-packages/*.dist-info"))
        python = str(trial / "bin" / "python")
        specification = _with(specification, wheels.build(python))
        requirements = _compile(specification, place, uv, progress, python, present, refresh=refresh)
    return Resolution(
        python=Python(version=solution.python),
        requirements=requirements,
        options=_for_uv(specification.options),
        packages=solution.packages,
        channels=specification.channels,
        variables=specification.variables,
    )


def _compile(
    specification: Specification,
    place: BuildFolder,
    uv: Uv,
    progress: Progress,
    python: str,
    present: Iterable[str] = (),
    *,
    refresh: bool,
) -> str:
    """Return the lock of the pip packages. present: installed distributions ("numpy-2.1.0"), which stay as is."""
    if not specification.requirements:
        return ""
    progress("resolving packages", 0, None)
    options = specification.options
    wanted = write_inputs(place.folder, specification.requirements, _for_uv(options), uv.sources)
    pins = [name.replace("-", "==", 1) for name in present]
    constraints = _write_lines(place.folder / "constraints.txt", [*pins, *specification.constraints])
    arguments = [*wanted, "--constraints", str(constraints)]
    arguments += [word for pin in pins for word in ("--no-emit-package", pin.partition("==")[0])]
    arguments += ["--python", python, "--generate-hashes", "--no-header", "--no-annotate"]
    arguments += ["--prerelease", "allow"] if "--pre" in options else []
    lock = uv.run("resolving its packages", "pip", "compile", *arguments, *(["--refresh"] if refresh else []))
    return _clean_lock(specification, uv, lock)


def _clean_lock(specification: Specification, uv: Uv, lock: str) -> str:
    """Return the lock without uv's options, and with the hashes that the requirements give."""
    lines = "".join(f"{line}\n" for line in lock.splitlines() if line.strip() and not line.startswith("-"))
    required = "--require-hashes" in specification.options
    try:
        return keep_given_hashes(lines, specification.requirements, required=required)
    except HashError as error:
        raise StageError("environment", f"environment {uv.name!r}: {error}") from error


def _for_uv(options: Iterable[str]) -> tuple[str, ...]:
    """Return the options that uv accepts in a requirements file; the others are handled in this module."""
    return tuple(option for option in options if option not in ("--pre", "--require-hashes"))


def _write_lines(path: Path, lines: Iterable[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path
