"""Reads the texts of an environment's description into a Specification."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from dressage.environments.conda_specification import read_conda
from dressage.environments.requirements import MalformedError, Requirements, read_requirements
from dressage.environments.specification import Specification
from dressage.errors import SpecError
from dressage.specs.environments import Environment


def parse(environment: Environment) -> Specification:
    """Parse the environment's texts. Raises SpecError with the malformed entry and what to write instead."""
    specification, listed = Specification(), parse_requirements(environment)
    if environment.conda is not None:
        with _name_environment(environment.name, "conda specification"):
            specification = read_conda(environment.conda)
    return replace(
        specification,
        requirements=tuple(sorted({*specification.requirements, *listed.lines})),
        options=(*specification.options, *listed.options),
        indexes=environment.indexes,
        find_links=environment.find_links,
    )


def parse_requirements(environment: Environment) -> Requirements:
    """Parse the text of the environment's requirements. Raises SpecError if it is malformed."""
    with _name_environment(environment.name, "requirements"):
        return read_requirements(environment.requirements or "")


@contextmanager
def _name_environment(name: str, text: str) -> Iterator[None]:
    try:
        yield
    except MalformedError as error:
        raise SpecError(f"environment {name!r}: {text}: {error}") from error
