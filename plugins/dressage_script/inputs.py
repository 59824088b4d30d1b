"""What a script reads: inputs by name, and their places among its arguments."""

import re
from collections.abc import Collection, Iterable
from pathlib import Path

from dressage import DatasetFolder, FileDataset, RegisteredDataset, SettingsError
from dressage.specs.datasets import WEB, variable_of_input
from dressage.storage.sources import sources_of

_PLACE = re.compile(r"\{([A-Za-z0-9_.-]+)\}")


def read_inputs(given: Iterable[str]) -> dict[str, FileDataset | RegisteredDataset]:
    """Return the inputs by name. Raises SettingsError for one that is not NAME=DATASET[:VERSION], =PATH or =URL."""
    return {name: _read_input(name, what) for name, what in split_inputs(given).items()}


def split_inputs(given: Iterable[str]) -> dict[str, str]:
    """Return what each input is by its name, without looking for it. Raises SettingsError."""
    inputs: dict[str, str] = {}
    for word in given:
        name, equals, what = word.partition("=")
        if not (name and equals and what):
            raise SettingsError(
                f"input {word!r}: write NAME=DATASET, NAME=DATASET:VERSION, NAME=PATH or NAME=URL"
            )
        if name in inputs:
            raise SettingsError(f"input {name!r} is given twice; give each input another name")
        inputs[name] = what
    _check_variables(inputs)
    return inputs


def _check_variables(names: Iterable[str]) -> None:
    """Raise SettingsError if two inputs have the same variable."""
    variables: dict[str, str] = {}
    for name in names:
        variable = variable_of_input(name)
        other = variables.setdefault(variable, name)
        if other != name:
            raise SettingsError(
                f"inputs {other!r} and {name!r} have the same variable, {variable}; rename one of them"
            )


def _read_input(name: str, what: str) -> FileDataset | RegisteredDataset:
    """A path is what contains a '/' or exists here; anything else is the name of a dataset."""
    if what.startswith(WEB) or "/" in what or Path(what).exists():
        try:
            sources, left_out = sources_of(what)
        except SettingsError as error:
            raise SettingsError(f"input {name!r}: {error}") from error
        if not sources:
            raise SettingsError(f"input {name!r}: the folder {what!r} has no files")
        return FileDataset(name=name, sources=sources, left_out=left_out)
    dataset, colon, version = what.partition(":")
    if colon and not version.isdecimal():
        raise SettingsError(f"input {name!r}: version {version!r} is not a number; write {dataset}:1")
    return RegisteredDataset(name=dataset, version=int(version) if colon else None)


def place_inputs(arguments: Iterable[str], inputs: Collection[str]) -> tuple[str | DatasetFolder, ...]:
    """Return the arguments with a folder in place of each {NAME} of an input. Other braces are left as they are.

    Raises SettingsError for a {NAME} that is almost the name of an input.
    """
    return tuple(_place(argument, inputs) for argument in arguments)


def _place(argument: str, inputs: Collection[str]) -> str | DatasetFolder:
    found = _PLACE.findall(argument)
    names = [name for name in found if name in inputs]
    if not names:
        _check_misspelt(argument, found, inputs)
        return argument
    if len(names) > 1:
        raise SettingsError(f"argument {argument!r} has several inputs; give a separate argument for each")
    template = argument.replace(f"{{{names[0]}}}", "{}")
    if template.count("{}") != 1:
        raise SettingsError(f"argument {argument!r}: write {{{names[0]}}} once, and no other {{}}")
    return DatasetFolder(name=names[0], template=None if template == "{}" else template)


def _check_misspelt(argument: str, found: Iterable[str], inputs: Collection[str]) -> None:
    """Raise SettingsError if a name in braces is almost the name of an input."""
    if not inputs:
        return
    from difflib import get_close_matches

    for name in found:
        if close := get_close_matches(name.lower(), inputs, n=1):
            raise SettingsError(f"argument {argument!r}: no input {name!r}; did you mean {{{close[0]}}}?")
