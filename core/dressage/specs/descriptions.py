"""What a training script runs in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dressage.specs.names import check_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What a training script runs in.

    conda: a conda specification (the text of an environment.yml); None means the interpreter at hand.
    base_image: the container image below it, for platforms that build images.
    variables: environment variables of the run.
    """

    name: str
    conda: str | None = None
    base_image: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_name("environment", self.name)
