"""From a specification to the exact packages that it comes to."""

from collections.abc import Iterable
from pathlib import Path

from dressage.environments import conda_packages, pythons
from dressage.environments.build_folders import Aside
from dressage.environments.hashes import HashError, keep_given_hashes
from dressage.environments.records import Python, Resolution
from dressage.environments.specification import Specification
from dressage.environments.uv_process import Uv
from dressage.errors import StageError
from dressage.platforms.protocols import Progress


def check(name: str, specification: Specification) -> None:
    """Raises StageError for what this machine cannot build, before anything is touched."""
    pythons.check_possible(name, specification.python)
    conda_packages.check_available(name, specification.packages)


def resolve(
    specification: Specification, place: Aside, uv: Uv, progress: Progress, *, refresh: bool
) -> Resolution:
    """refresh: ask the index again for what is new, past uv's cache."""
    if specification.packages:
        return _with_conda(specification, place, uv, progress, refresh=refresh)
    python = pythons.find(specification.python, uv, progress)
    requirements = _compile(specification, place, uv, progress, str(python.executable), refresh=refresh)
    return Resolution(
        python=python,
        requirements=requirements,
        options=_for_uv(specification.options),
        variables=specification.variables,
    )


def _with_conda(
    specification: Specification, place: Aside, uv: Uv, progress: Progress, *, refresh: bool
) -> Resolution:
    progress("resolving conda packages", 0, None)
    wanted = [*specification.packages, f"python {specification.python.conda}"]
    solution = conda_packages.solve(uv.name, specification.channels, wanted)
    requirements = ""
    if specification.requirements:
        # Which Python distributions conda brings is known once they lie there; pip's part must fit them.
        trial = place.folder / "trial"
        conda_packages.install(uv.name, specification.channels, solution.packages, trial, trial)
        present = tuple(path.stem for path in trial.glob("lib/python3*/site-packages/*.dist-info"))
        python = str(trial / "bin" / "python")
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
    place: Aside,
    uv: Uv,
    progress: Progress,
    python: str,
    present: Iterable[str] = (),
    *,
    refresh: bool,
) -> str:
    """The pip part's lock. present: distributions that are there already, "numpy-2.1.0"; they stay as they are."""
    if not specification.requirements:
        return ""
    progress("resolving packages", 0, None)
    options = specification.options
    wanted = _lines(place.folder / "requirements.in", [*_for_uv(options), *specification.requirements])
    pins = [name.replace("-", "==", 1) for name in present]
    arguments = [str(wanted), "--constraints", str(_lines(place.folder / "constraints.txt", pins))]
    arguments += [word for pin in pins for word in ("--no-emit-package", pin.partition("==")[0])]
    arguments += ["--python", python, "--generate-hashes", "--no-header", "--no-annotate"]
    arguments += ["--prerelease", "allow"] if "--pre" in options else []
    lock = uv.run("resolving its packages", "pip", "compile", *arguments, *(["--refresh"] if refresh else []))
    return _as_given(specification, uv, lock)


def _as_given(specification: Specification, uv: Uv, lock: str) -> str:
    """The lock without uv's options, with the hashes that the requirements give."""
    lines = "".join(f"{line}\n" for line in lock.splitlines() if line.strip() and not line.startswith("-"))
    required = "--require-hashes" in specification.options
    try:
        return keep_given_hashes(lines, specification.requirements, required=required)
    except HashError as error:
        raise StageError("environment", f"environment {uv.name!r}: {error}") from error


def _for_uv(options: Iterable[str]) -> tuple[str, ...]:
    """Without those that uv does not know in a file of requirements; they are carried out here."""
    return tuple(option for option in options if option not in ("--pre", "--require-hashes"))


def _lines(path: Path, lines: Iterable[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path
