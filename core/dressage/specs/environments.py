"""Describe the environment of a training script."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dressage.errors import SpecError
from dressage.specs.environment_checks import check_list, check_secrets, check_text, check_variables
from dressage.specs.names import check_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What a training script runs in; with neither `conda` nor `requirements`, the active Python interpreter.

    conda: a conda specification (the text of an environment.yml).
    requirements: the text of a requirements.txt; with `conda` too, it is added to the pip part of the specification.
    indexes: names of package indexes, searched in this order before the default one. Their addresses, which may
        contain credentials, are in the configuration; a recipe and a record contain the names only.
    find_links: names of folders or pages that list distributions; their addresses are in the configuration too.
    base_image: the container image to build on, for platforms that build images.
    variables: environment variables of the run; they are recorded.
    secrets: names of environment variables that the script needs. The shell that starts the run has their values,
        which are never recorded.
    """

    name: str
    conda: str | None = None
    requirements: str | None = None
    indexes: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    base_image: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        owner = f"environment {self.name!r}"
        for text in ("name", "conda", "requirements", "base_image"):
            check_text(owner, text, getattr(self, text))
        check_name("environment", self.name)
        check_variables(owner, self.variables)
        check_secrets(owner, self.secrets, self.variables)
        for names, kind in (("indexes", "index"), ("find_links", "find_links")):
            check_list(owner, names, getattr(self, names))
            for name in getattr(self, names):
                check_name(f"{owner}: {kind}", name)
        if self.is_active_interpreter and (self.indexes or self.find_links):
            raise SpecError(
                f"{owner} names an index but installs nothing; give 'conda' or 'requirements' too"
            )

    @property
    def is_active_interpreter(self) -> bool:
        """Whether the script runs in the active Python interpreter, with nothing installed."""
        return self.conda is None and self.requirements is None
