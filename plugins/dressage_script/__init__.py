"""Run any script without changes: `dressage run ./train.py -- --lr 0.1`.

Entry point: script = "dressage_script". It registers no model; the files that the script writes to outputs/ are kept.
"""

import shlex
from dataclasses import dataclass
from pathlib import Path

from dressage import ComputeTarget, Environment, Model, Script, SettingsError, hookimpl, setting

DRESSAGE_CONTRACT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    path: str = setting("", help="path of the script; its folder is the source directory")
    arguments: str = setting("", help="the script's arguments, quoted as in a shell")
    conda: str | None = setting(
        None, help="path of a conda specification for its environment; default: the active Python interpreter"
    )
    variables: str = setting(
        "", help="environment variables of the script, NAME=VALUE ..., quoted as in a shell"
    )
    slots: int = setting(1, help="number of runs at a time on one machine", minimum=1)


@hookimpl
def settings() -> type:
    return Settings


@hookimpl
def compute(settings: Settings) -> ComputeTarget:
    return ComputeTarget(name="default", slots=settings.slots)


@hookimpl
def environment(settings: Settings) -> Environment:
    variables = _variables(settings.variables)
    if settings.conda is None:
        return Environment(name="interpreter", variables=variables)
    path = Path(settings.conda).expanduser()
    try:
        return Environment(name=path.stem, conda=path.read_text(encoding="utf-8"), variables=variables)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise SettingsError(
            f"conda specification {settings.conda!r}: {reason}; give the path of an environment.yml"
        ) from error


@hookimpl
def model(settings: Settings) -> Model:
    arguments = _arguments(settings.arguments)
    path = Path(settings.path).expanduser().absolute()
    if not settings.path or not path.is_file():
        raise SettingsError(f"script {settings.path!r} is not a file; give the path of a script")
    return Model(script=Script(directory=path.parent, file=path.name, arguments=arguments))


def _arguments(text: str) -> tuple[str, ...]:
    return _words("arguments", text)


def _variables(text: str) -> dict[str, str]:
    words = _words("variables", text)
    for word in words:
        if not word.partition("=")[1] or not word.partition("=")[0].isidentifier():
            raise SettingsError(
                f"variables: {word!r} is not NAME=VALUE; use letters, digits and '_' in names"
            )
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def _words(setting: str, text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise SettingsError(f"{setting} {text!r}: {str(error).lower()}; quote it as in a shell") from error
