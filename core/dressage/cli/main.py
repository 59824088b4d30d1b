"""The command line: which commands there are, and what an error looks like."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from dressage.cli.lazy import Entry, group_of

_RUNS = {
    "list": Entry(help="List the runs, the newest first.", target="dressage.cli.runs.list:list_runs"),
    "show": Entry(help="Show one run: stages, metrics, files, model.", target="dressage.cli.runs.show:show"),
    "logs": Entry(help="Print a run's output.", target="dressage.cli.runs.logs:logs"),
    "wait": Entry(help="Wait for a run's end; exit as its script did.", target="dressage.cli.runs.wait:wait"),
    "cancel": Entry(help="Stop a run.", target="dressage.cli.runs.cancel:cancel"),
    "files": Entry(help="List what a run has written.", target="dressage.cli.runs.files:files"),
    "download": Entry(help="Copy a run's files to a folder.", target="dressage.cli.runs.download:download"),
}
_DATASETS = {
    "list": Entry(help="List the datasets' versions.", target="dressage.cli.datasets.list:list_datasets"),
    "show": Entry(help="Show one dataset and its files.", target="dressage.cli.datasets.show:show"),
    "register": Entry(
        help="Register files as a dataset's version.", target="dressage.cli.datasets.register:register"
    ),
    "download": Entry(
        help="Copy a dataset's files to a folder.", target="dressage.cli.datasets.download:download"
    ),
}
_ENVIRONMENTS = {
    "list": Entry(
        help="List the environments that are built.",
        target="dressage.cli.environments.list:list_environments",
    ),
    "build": Entry(
        help="Build the environment of a recipe or a conda file.",
        target="dressage.cli.environments.build:build",
    ),
}
_MODELS = {
    "list": Entry(help="List the models' versions.", target="dressage.cli.models.list:list_models"),
    "show": Entry(help="Show one model and where it came from.", target="dressage.cli.models.show:show"),
    "download": Entry(
        help="Copy a model's files to a folder.", target="dressage.cli.models.download:download"
    ),
    "register": Entry(
        help="Register a folder as a model's version.", target="dressage.cli.models.register:register"
    ),
}
COMMANDS = {
    "run": Entry(help="Train: carry out a recipe's plan, or run a script.", target="dressage.cli.run:run"),
    "plan": Entry(help="Say what a run would do, and why; touch nothing.", target="dressage.cli.plan:plan"),
    "resume": Entry(help="Bring an unfinished run to its end.", target="dressage.cli.resume:resume"),
    "runs": Entry(help="Runs: list, show, logs, wait, cancel, files, download.", commands=_RUNS),
    "datasets": Entry(help="Datasets: list, show, register, download.", commands=_DATASETS),
    "environments": Entry(help="Environments: list, build.", commands=_ENVIRONMENTS),
    "compute": Entry(
        help="Compute targets: list, delete.",
        commands={
            "list": Entry(help="List the compute targets.", target="dressage.cli.compute.list:list_compute"),
            "delete": Entry(help="Delete a compute target.", target="dressage.cli.compute.delete:delete"),
        },
    ),
    "models": Entry(help="Models: list, show, download, register.", commands=_MODELS),
    "recipes": Entry(
        help="Recipes: list, show.",
        commands={
            "list": Entry(
                help="List the recipes, one per line.", target="dressage.cli.recipes.list:list_recipes"
            ),
            "show": Entry(
                help="Show a recipe's settings, with types and defaults.",
                target="dressage.cli.recipes.show:show",
            ),
        },
    ),
    "plugins": Entry(
        help="Plugins: list.",
        commands={
            "list": Entry(
                help="List the plugins: what loaded, what did not and why.",
                target="dressage.cli.plugins.list:list_plugins",
            )
        },
    ),
    "doctor": Entry(help="Check that this machine can train.", target="dressage.cli.doctor:doctor"),
    "config": Entry(
        help="Show each configured value and where it came from.", target="dressage.cli.config:config"
    ),
    "init": Entry(
        help="Make a workspace here; with --on, configure a platform too.", target="dressage.cli.init:init"
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
        typer.Option("-C", metavar="DIR", help="Work as if started in DIR.", callback=_change_directory),
    ] = None,
    verbose: Annotated[
        bool,
        typer.Option(
            "-v",
            "--verbose",
            help="Print below an error where it came from.",
            callback=_show_tracebacks,
            is_eager=True,
        ),
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Train a model: one recipe, any platform."""


def build_app() -> Any:
    """The root command."""
    root_app = typer.Typer(
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    root_app.callback(cls=group_of(COMMANDS))(root)
    return typer.main.get_command(root_app)


def main() -> None:
    """Run the command line; an error that is not ours becomes one line and its exit code."""
    from dressage.cli import streams

    streams.prepare()
    if "_DRESSAGE_COMPLETE" in os.environ:
        _complete()
    else:
        sys.exit(_call())


def _complete() -> None:
    from dressage.cli import streams

    try:
        with suppress(Exception, KeyboardInterrupt):  # an error would be printed into the line being typed
            build_app()(prog_name="dressage")
    finally:
        streams.divert()  # what a plugin prints at exit is no completion


def _call() -> int | None:
    from dressage.cli import failures, streams
    from dressage.errors import DressageError

    try:
        code: int | None = build_app()(prog_name="dressage", standalone_mode=False)
        streams.results().flush()
    except BrokenPipeError:  # the reader has enough, as with `| head`
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
