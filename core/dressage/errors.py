"""The exceptions of dressage, in one tree.

    DressageError
    ├── SettingsError       a setting, option or configuration value is wrong                      exit 2
    │   └── SpecError       a description (dataset, compute, ...) contradicts itself               exit 2
    ├── NotFoundError       no recipe, platform, run, dataset or model has that name               exit 2
    ├── RecordError         the record of a run cannot be read                                     exit 1
    ├── PluginError         a plugin could not be loaded, or raised or returned something wrong    exit 1
    └── StageError          a stage could not be planned or carried out                            exit 3
        └── UnreachableError    a platform cannot be reached now                                   exit 3

Every message is one line that names the thing, the value and the next step. The command line ends with the exit code.
"""

from collections.abc import Iterable


class DressageError(Exception):
    """Base of all errors that users can see. exit_code: the exit code of the command line."""

    exit_code = 1


class SettingsError(DressageError):
    """A setting, option or configuration value is unknown or invalid."""

    exit_code = 2


class SpecError(SettingsError):
    """A description is invalid or contradicts itself."""


class NotFoundError(DressageError):
    """No recipe, platform, run, dataset or model has that name."""

    exit_code = 2


class PluginError(DressageError):
    """A plugin could not be loaded, raised an exception or returned a wrong value.

    where: the hook or method that failed. reason: becomes one line.
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
    """The record of a run is damaged, or was written by a newer version of dressage."""


class StageError(DressageError):
    """A stage could not be planned or carried out."""

    exit_code = 3

    def __init__(self, stage: str, message: str) -> None:
        super().__init__(message)
        self.stage = stage


class UnreachableError(StageError):
    """A platform, or what an observer sends to, cannot be reached now. The same call may work later.

    retry_after_s: after how many seconds it may work, if known.
    """

    def __init__(self, stage: str, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(stage, message)
        self.retry_after_s = retry_after_s


def describe_unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Return an error message for an unknown name, with the most similar known name and all known names.

    >>> describe_unknown("compute", "locl", ["local", "debug"])
    "no compute named 'locl'; did you mean 'local'? known: debug, local"
    """
    import difflib

    names = sorted(known)
    by_lower = {known.lower(): known for known in names}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1)
    hint = f"; did you mean {by_lower[close[0]]!r}?" if close else ";"
    return f"no {kind} named {name!r}{hint} known: {', '.join(names) or 'none'}"
