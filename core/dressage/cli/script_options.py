"""What `run` and `plan` take about a script: options that become settings of the recipe `script`."""

import inspect
import shlex
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from dressage.cli.options import pairs_of

Texts = list[str] | None


@dataclass(frozen=True, slots=True)
class ScriptOptions:
    """The options, as they were given."""

    module: Annotated[
        str | None, typer.Option("--module", "-m", metavar="MODULE", help="Run a module, as python -m does.")
    ] = None
    root: Annotated[
        Path | None,
        typer.Option("--root", metavar="DIR", help="Project folder to copy. Default: the script's folder."),
    ] = None
    input: Annotated[
        Texts,
        typer.Option(
            "--input",
            "-i",
            metavar="NAME=WHAT",
            help="Dataset, path or URL that the script reads as {NAME}; can be repeated.",
        ),
    ] = None
    conda: Annotated[
        Path | None,
        typer.Option("--conda", metavar="FILE", help="Conda specification to run the script in."),
    ] = None
    requirements: Annotated[
        Path | None,
        typer.Option(
            "--requirements", "-r", metavar="FILE", help="Requirements file to run the script with."
        ),
    ] = None
    env: Annotated[
        Texts, typer.Option("--env", metavar="NAME=VALUE", help="Environment variable; can be repeated.")
    ] = None
    env_file: Annotated[
        Path | None, typer.Option("--env-file", metavar="FILE", help="File with environment variables.")
    ] = None
    secret: Annotated[
        Texts,
        typer.Option(
            "--secret", metavar="NAME", help="Environment variable that is not recorded; can be repeated."
        ),
    ] = None
    model: Annotated[
        str | None,
        typer.Option(
            "--model", metavar="NAME[=PATH]", help="Register what the script writes to PATH (outputs/model)."
        ),
    ] = None
    compute: Annotated[
        str | None, typer.Option("--compute", metavar="NAME", help="Compute target to run on.")
    ] = None
    size: Annotated[
        str | None,
        typer.Option("--size", metavar="SIZE", help="Size of the machines of a new compute target."),
    ] = None
    image: Annotated[
        str | None, typer.Option("--image", metavar="IMAGE", help="Container image to run in.")
    ] = None
    include: Annotated[
        Texts,
        typer.Option("--include", metavar="PATTERN", help="Copy these ignored files too; can be repeated."),
    ] = None

    @property
    def given(self) -> list[str]:
        """The options that were given, as they are written."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return [f"--{name.replace('_', '-')}" for name, value in values.items() if value]

    def settings(self) -> dict[str, Any]:
        """Return them as settings of the recipe. Raises SettingsError."""
        variables = self._variables()
        values = {
            "module": self.module,
            "root": str(self.root) if self.root else None,
            "inputs": self.input,
            "conda": str(self.conda) if self.conda else None,
            "requirements": str(self.requirements) if self.requirements else None,
            "variables": shlex.join(f"{name}={value}" for name, value in variables.items()),
            "env_file": str(self.env_file) if self.env_file else None,
            "secrets": self.secret,
            "model": self.model,
            "compute": self.compute,
            "size": self.size,
            "image": self.image,
            "include": self.include,
        }
        return {name: value for name, value in values.items() if value}

    def _variables(self) -> dict[str, str]:
        """Return the variables of the file and of the options."""
        from dressage.cli.variables import read_variables

        return read_variables(self.env_file, pairs_of(self.env, "--env"), self.secret or ())


def takes_script_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options, and pass them to it as one argument, `script`."""
    hints = get_type_hints(ScriptOptions, include_extras=True)
    options = [
        inspect.Parameter(
            item.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hints[item.name]
        )
        for item in fields(ScriptOptions)
    ]
    own = [each for each in inspect.signature(command).parameters.values() if each.name != "script"]

    @wraps(command)
    def call(**given: Any) -> None:
        script = ScriptOptions(**{option.name: given.pop(option.name) for option in options})
        command(**given, script=script)

    split = next((place for place, each in enumerate(own) if each.name == "set_"), len(own))
    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own]
    call.__signature__ = inspect.Signature([*parameters[:split], *options, *parameters[split:]])  # type: ignore[attr-defined]
    call.__annotations__ = {each.name: each.annotation for each in [*own, *options]}
    return call
