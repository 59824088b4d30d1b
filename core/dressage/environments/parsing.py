"""Reads the texts of an environment's description into a Specification."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from dressage.environments.conda_specification import read_conda
from dressage.environments.credentials import check_addresses
from dressage.environments.hashes import normalize, package_of
from dressage.environments.projects import read_python
from dressage.environments.requirements import MalformedError, Requirements, read_requirements
from dressage.environments.specification import Specification
from dressage.errors import SpecError
from dressage.specs.environments import Environment


def parse(environment: Environment) -> Specification:
    """Parse the environment's texts. Raises SpecError with the malformed entry and what to write instead.

    An address with a secret is refused, too.
    """
    specification, listed = Specification(project=environment.project), parse_requirements(environment)
    if environment.project is not None:
        with _name_environment(environment.name, "project"):
            specification = replace(specification, python=read_python(environment.project))
    if environment.conda is not None:
        with _name_environment(environment.name, "conda specification"):
            specification = read_conda(environment.conda)
    check_addresses(environment)
    requirements = tuple(sorted({*specification.requirements, *listed.lines}))
    _check_limits(environment, requirements)
    return replace(
        specification,
        requirements=requirements,
        options=(*specification.options, *listed.options),
        constraints=parse_constraints(environment),
        builds=environment.builds,
        source=_source_of(environment),
        indexes=tuple(map(str, environment.indexes)),
        find_links=environment.find_links,
    )


def _check_limits(environment: Environment, requirements: tuple[str, ...]) -> None:
    """Raise SpecError if an index is for a package that is not among the requirements: it would have no effect."""
    known = {package_of(line) for line in requirements}
    for index in environment.named_indexes:
        for package in index.packages:
            if normalize(package) not in known:
                raise SpecError(
                    f"environment {environment.name!r}: index {index.name!r} is for {package!r}, which is not among"
                    " the requirements; add it to them"
                )


def parse_requirements(environment: Environment) -> Requirements:
    """Parse the text of the environment's requirements. Raises SpecError if it is malformed."""
    with _name_environment(environment.name, "requirements"):
        return read_requirements(environment.requirements or "")


def parse_constraints(environment: Environment) -> tuple[str, ...]:
    """Parse the text of the environment's constraints. Raises SpecError if it is malformed, or has an option."""
    with _name_environment(environment.name, "constraints"):
        listed = read_requirements(environment.constraints or "")
        if listed.options:
            raise MalformedError(
                f"pip option {listed.options[0]!r} is not a constraint; move it to the requirements"
            )
    return tuple(sorted(listed.lines))


def _source_of(environment: Environment) -> str | None:
    """Return the digest of the projects that are built. Raises SpecError if there is no source to build them from."""
    if not environment.builds:
        return None
    if environment.source is None:
        raise SpecError(
            f"environment {environment.name!r} builds the project in {environment.builds[0]!r} from a run's copy of"
            " the script's folder; it is built when a run starts: dressage run"
        )
    return environment.source.digest


@contextmanager
def _name_environment(name: str, text: str) -> Iterator[None]:
    try:
        yield
    except MalformedError as error:
        raise SpecError(f"environment {name!r}: {text}: {error}") from error
