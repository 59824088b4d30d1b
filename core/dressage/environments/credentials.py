"""Refuse descriptions of environments whose addresses have secrets: a description is recorded as it is."""

import re
from collections.abc import Iterator

from dressage.errors import SpecError
from dressage.specs.credentials import HIDDEN, has_credentials, hide_credentials
from dressage.specs.environments import Environment

_CONDA_TOKEN = re.compile(r"(https?://[^\s'\"]*/t/)(?!\$\{|<)[^/\s'\"]+")
"""A token in the address of a conda channel."""
_GIT_USER = re.compile(r"(git\+https?://)(git|oauth2|x-access-token|[a-z]{1,19})@")
"""A user without a password, as hosts of repositories write it."""


def check_addresses(environment: Environment) -> None:
    """Raise SpecError if an address in the texts has a password, token or signature."""
    for what, text in _texts(environment):
        for number, line in enumerate(text.splitlines(), 1):
            plain = _GIT_USER.sub(r"\1", line)
            if has_credentials(plain) or _CONDA_TOKEN.search(plain):
                hidden = _CONDA_TOKEN.sub(rf"\1{HIDDEN}", hide_credentials(plain)).strip()
                raise SpecError(
                    f"environment {environment.name!r}: {what}, line {number}: {hidden!r} has a password or token in"
                    " an address, which would be recorded; keep it in ~/.netrc, write ${VARIABLE} in requirements, or"
                    " move the address of an index to [indexes] of dressage.toml"
                )


def _texts(environment: Environment) -> Iterator[tuple[str, str]]:
    named = {
        "conda specification": environment.conda,
        "requirements": environment.requirements,
        "constraints": environment.constraints,
        "base image": environment.base_image,
    }
    yield from ((what, text) for what, text in named.items() if text)
    yield from ((f"index {index.name!r}", index.address or "") for index in environment.named_indexes)
    if project := environment.project:
        yield from (
            ("pyproject.toml" if folder == "." else f"{folder}/pyproject.toml", text)
            for folder, text in project.files.items()
        )
        yield "uv.lock", project.lock or ""
