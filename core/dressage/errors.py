"""What can go wrong, in one tree.

    DressageError
    ├── SettingsError       a setting, option or configuration value is wrong      exit 2
    │   └── SpecError       a description (dataset, compute, ...) contradicts itself
    ├── NotFoundError       no recipe, platform, run, dataset or model of that name exit 2
    ├── RecordError         the record of a run cannot be read                     exit 1
    ├── PluginError         a plugin could not be loaded, or broke when asked       exit 1
    └── StageError          a stage could not be planned or carried out            exit 3
        └── UnreachableError    a platform cannot be asked now                     exit 3

Every message names the thing, the value and the next step, in one line.
"""

from collections.abc import Iterable


class DressageError(Exception):
    """Anything dressage tells its user about; `exit_code` is what the command line ends with."""

    exit_code = 1


class SettingsError(DressageError):
    """A setting, option or configuration value is unknown or of the wrong type."""

    exit_code = 2


class SpecError(SettingsError):
    """A description contradicts itself."""


class NotFoundError(DressageError):
    """Nothing is known by that name."""

    exit_code = 2


class PluginError(DressageError):
    """A plugin could not be loaded or broke when asked.

    source: the distribution or file that the plugin comes from. advice: what its user can do.
    """

    def __init__(
        self, plugin: str, where: str, reason: str, *, source: str | None = None, advice: str | None = None
    ) -> None:
        line = " ".join(reason.split()).removesuffix(":")
        origin = f" ({source})" if source else ""
        then = f"; {advice}" if advice else ""
        super().__init__(f"plugin {plugin!r}{origin} failed in {where}: {line}{then}")
        self.plugin = plugin
        self.where = where


class RecordError(DressageError):
    """The record of a run is damaged, or was written by a later dressage."""


class StageError(DressageError):
    """A stage could not be planned or ensured."""

    exit_code = 3

    def __init__(self, stage: str, message: str) -> None:
        super().__init__(message)
        self.stage = stage


class UnreachableError(StageError):
    """A platform cannot be asked now; the same call may work later."""


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """One line for a name that nothing goes by: what is meant, probably, and what there is.

    >>> unknown("compute", "locl", ["local", "debug"])
    "no compute named 'locl'; did you mean 'local'? known: debug, local"
    """
    import difflib

    names = sorted(known)
    by_lower = {known.lower(): known for known in names}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1)
    hint = f"; did you mean {by_lower[close[0]]!r}?" if close else ";"
    return f"no {kind} named {name!r}{hint} known: {', '.join(names) or 'none'}"
