"""dressage compute delete"""

import sys
from typing import Annotated

import typer

from dressage.cli.options import On, complete_compute, open_engine
from dressage.cli.streams import results
from dressage.errors import SettingsError


def delete(
    name: Annotated[str, typer.Argument(help="Name of the compute target.", autocompletion=complete_compute)],
    on: On = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Delete a compute target. On cloud platforms this also ends the runs on it."""
    compute = open_engine().platform(on).compute
    if not yes and not sys.stdin.isatty():
        raise SettingsError(
            f"cannot ask whether to delete compute target {name!r}: stdin is not a terminal; use --yes"
        )
    if yes or typer.confirm(f"delete compute target {name}?", err=True):
        compute.delete(name)
        results().write(f"{name}\n")
