"""The command line: the table of commands, the global options and the handling of errors."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from dressage.cli.lazy import Entry, group_of

_RUNS = {
    "list": Entry(help="List runs, newest first.", target="dressage.cli.runs.list:list_runs"),
    "show": Entry(
        help="Show one run: stages, metrics, files and model.", target="dressage.cli.runs.show:show"
    ),
    "logs": Entry(help="Print a run's output.", target="dressage.cli.runs.logs:logs"),
    "wait": Entry(
        help="Wait until a run ends; exit with its exit code.", target="dressage.cli.runs.wait:wait"
    ),
    "cancel": Entry(help="Cancel runs.", target="dressage.cli.runs.cancel:cancel"),
    "files": Entry(help="List the files of a run.", target="dressage.cli.runs.files:files"),
    "download": Entry(help="Download the files of a run.", target="dressage.cli.runs.download:download"),
    "export": Entry(
        help="Copy a run to an MLflow server or store.", target="dressage.cli.runs.export:export"
    ),
}
_DATASETS = {
    "list": Entry(help="List dataset versions.", target="dressage.cli.datasets.list:list_datasets"),
    "show": Entry(help="Show one dataset version and its files.", target="dressage.cli.datasets.show:show"),
    "register": Entry(
        help="Register files as a dataset version.", target="dressage.cli.datasets.register:register"
    ),
    "download": Entry(
        help="Download the files of a dataset version.", target="dressage.cli.datasets.download:download"
    ),
}
_ENVIRONMENTS = {
    "list": Entry(
        help="List the environments that are built.",
        target="dressage.cli.environments.list:list_environments",
    ),
    "build": Entry(
        help="Build the environment of a recipe or a specification file.",
        target="dressage.cli.environments.build:build",
    ),
}
_MODELS = {
    "list": Entry(help="List model versions.", target="dressage.cli.models.list:list_models"),
    "show": Entry(
        help="Show one model version and where it came from.", target="dressage.cli.models.show:show"
    ),
    "download": Entry(
        help="Download the files of a model version.", target="dressage.cli.models.download:download"
    ),
    "register": Entry(
        help="Register a folder as a model version.", target="dressage.cli.models.register:register"
    ),
}
COMMANDS = {
    "run": Entry(help="Train a model with a recipe or a script.", target="dressage.cli.run:run"),
    "plan": Entry(
        help="Show what a run would do and why, without changing anything.", target="dressage.cli.plan:plan"
    ),
    "resume": Entry(help="Resume a run that has not completed.", target="dressage.cli.resume:resume"),
    "runs": Entry(
        help="Manage runs: list, show, logs, wait, cancel, files, download, export.", commands=_RUNS
    ),
    "datasets": Entry(help="Manage datasets: list, show, register, download.", commands=_DATASETS),
    "environments": Entry(help="Manage environments: list, build.", commands=_ENVIRONMENTS),
    "compute": Entry(
        help="Manage compute targets: list, delete.",
        commands={
            "list": Entry(help="List compute targets.", target="dressage.cli.compute.list:list_compute"),
            "delete": Entry(help="Delete a compute target.", target="dressage.cli.compute.delete:delete"),
        },
    ),
    "models": Entry(help="Manage models: list, show, download, register.", commands=_MODELS),
    "recipes": Entry(
        help="Inspect recipes: list, show.",
        commands={
            "list": Entry(
                help="List recipes, one per line.", target="dressage.cli.recipes.list:list_recipes"
            ),
            "show": Entry(
                help="Show the settings of a recipe, with types and defaults.",
                target="dressage.cli.recipes.show:show",
            ),
        },
    ),
    "plugins": Entry(
        help="List plugins, and create new ones: list, new.",
        commands={
            "list": Entry(
                help="List plugins, and why a plugin could not be loaded.",
                target="dressage.cli.plugins.list:list_plugins",
            ),
            "new": Entry(
                help="Create a plugin: an example of its kind or a copy of a recipe, with tests.",
                target="dressage.cli.plugins.new:new",
            ),
        },
    ),
    "doctor": Entry(
        help="Check this machine, the workspace, the plugins and, if given, a recipe.",
        target="dressage.cli.doctor:doctor",
    ),
    "config": Entry(
        help="Show each configuration value and where it comes from.", target="dressage.cli.config:config"
    ),
    "init": Entry(
        help="Create a workspace in this folder; with --on, also configure a platform.",
        target="dressage.cli.init:init",
    ),
}


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("dressage"))
        raise typer.Exit


def _change_directory(folder: Path | None) -> None:
    if folder is not None:
        try:
            os.chdir(folder)
        except OSError as error:
            raise typer.BadParameter(f"{str(folder)!r}: {error.strerror}") from error


def _show_tracebacks(wanted: bool) -> None:
    if wanted:
        os.environ["DRESSAGE_DEBUG"] = "1"


def root(
    folder: Annotated[
        Path | None,
        typer.Option(
            "-C", metavar="DIR", help="Run the command as if started in DIR.", callback=_change_directory
        ),
    ] = None,
    verbose: Annotated[
        bool,
        typer.Option(
            "-v",
            "--verbose",
            help="Show the traceback of errors.",
            callback=_show_tracebacks,
            is_eager=True,
        ),
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Train a model: one recipe, any platform."""


def build_app() -> Any:
    """Build the root command."""
    root_app = typer.Typer(
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    root_app.callback(cls=group_of(COMMANDS))(root)
    return typer.main.get_command(root_app)


def main() -> None:
    """Run the command line. An expected error becomes one line on stderr and an exit code."""
    from dressage.cli import streams

    streams.prepare()
    if "_DRESSAGE_COMPLETE" in os.environ:
        _complete()
    else:
        sys.exit(_call())


def _complete() -> None:
    from dressage.cli import streams

    try:
        with suppress(
            Exception, KeyboardInterrupt
        ):  # an error would appear in the line that the user is typing
            build_app()(prog_name="dressage")
    finally:
        streams.divert()  # the shell would take what a plugin prints at exit for completions


def _call() -> int | None:
    from dressage.cli import failures, streams
    from dressage.errors import DressageError

    try:
        code: int | None = build_app()(prog_name="dressage", standalone_mode=False)
        streams.results().flush()
    except BrokenPipeError:  # the reader has closed the pipe, as `| head` does
        return 1
    except (DressageError, OSError, typer.TyperException) as error:
        return failures.report_error(error)
    except (typer.Abort, KeyboardInterrupt):  # Ctrl-C
        return 130
    finally:
        streams.finish()
    return code


if __name__ == "__main__":
    main()
