"""The ids of runs, and the names of their experiments."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

from dressage.errors import SettingsError

_EXPERIMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")


def experiment_of(given: str | None, recipe: str) -> str:
    """Return the experiment to group a run under: the given name, or one made from the recipe's name.

    Raises SettingsError for a name that some platform does not accept. The rule is Azure ML's, the strictest one.
    """
    name = given or re.sub(r"[^\w-]", "-", recipe)
    if not _EXPERIMENT.fullmatch(name):
        raise SettingsError(
            f"invalid experiment name {name!r}: use up to 255 letters, digits, '-' and '_', beginning with a letter"
            " or digit"
        )
    return name


def may_be_run_id(name: str) -> bool:
    """Return whether a folder may be a run's: no run has a name that is not UTF-8."""
    return name.isascii() or name.encode(errors="replace").decode() == name


def new_run_id(recipe: str, folder: Path) -> str:
    """Create an unused run id and the run's folder.

    The id has the recipe, the time in UTC, two characters for the fraction of the second, so that ids sort in the
    order of their runs, and two random characters.
    """
    while True:
        moment = datetime.now(UTC)
        fraction = moment.microsecond * 256 // 1_000_000
        run_id = f"{recipe}-{moment:%Y%m%d-%H%M%S}-{fraction:02x}{os.urandom(1).hex()}"
        try:
            (folder / run_id).mkdir()
        except FileExistsError:
            continue
        except FileNotFoundError:
            folder.mkdir(parents=True, exist_ok=True)
            continue
        return run_id
