"""The environment of a script."""

from dataclasses import replace
from pathlib import Path

from dressage import Environment, SettingsError
from dressage_script.settings import Settings
from dressage_script.starting import Start
from dressage_script.words import read_variables


def describe_environment(settings: Settings, start: Start) -> Environment:
    """Return the environment that the settings ask for. Raises SettingsError for a file that cannot be read."""
    described = Environment(
        name="interpreter",
        variables={**_path_of(start), **read_variables(settings.variables)},
        secrets=settings.secrets,
        base_image=settings.image,
    )
    if settings.conda is None:
        return described
    path = Path(settings.conda).expanduser()
    try:
        return replace(described, name=path.stem, conda=path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise SettingsError(
            f"conda specification {settings.conda!r}: {reason}; give the path of an environment.yml"
        ) from error


def _path_of(start: Start) -> dict[str, str]:
    """Return the variable that puts the root on Python's path, if it is not the script's own folder."""
    return {"PYTHONPATH": "."} if start.file and "/" in start.file else {}
