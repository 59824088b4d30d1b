"""An environment's description, read into what has to be resolved."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from dressage.environments.conda_specification import read_conda
from dressage.environments.requirements import MalformedError, Requirements, read_requirements
from dressage.environments.specification import Specification
from dressage.errors import SpecError
from dressage.specs.environments import Environment


def parse(environment: Environment) -> Specification:
    """Raises SpecError for a text that is malformed, with the entry and what to write instead."""
    specification, listed = Specification(), parse_requirements(environment)
    if environment.conda is not None:
        with _explained(environment.name, "conda specification"):
            specification = read_conda(environment.conda)
    return replace(
        specification,
        requirements=tuple(sorted({*specification.requirements, *listed.lines})),
        options=(*specification.options, *listed.options),
        indexes=environment.indexes,
        find_links=environment.find_links,
    )


def parse_requirements(environment: Environment) -> Requirements:
    """What the text of its requirements asks for. Raises SpecError for one that is malformed."""
    with _explained(environment.name, "requirements"):
        return read_requirements(environment.requirements or "")


@contextmanager
def _explained(name: str, text: str) -> Iterator[None]:
    try:
        yield
    except MalformedError as error:
        raise SpecError(f"environment {name!r}: {text}: {error}") from error
