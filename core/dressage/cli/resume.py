"""dressage resume"""

from typing import TYPE_CHECKING, Annotated

import typer

from dressage.cli.options import Detach, StreamFormat, StreamOutput, complete_run, open_engine

if TYPE_CHECKING:
    from dressage.engine.engine import Engine


def resume(
    run: Annotated[
        str | None,
        typer.Argument(help="Run id, its unique beginning or end, or 'latest'.", autocompletion=complete_run),
    ] = None,
    all_: Annotated[
        bool, typer.Option("--all", help="Resume all runs that were interrupted or are queued.")
    ] = False,
    detach: Detach = False,
    output: StreamOutput = "table",
) -> None:
    """Resume a run that has not completed, or all runs that were interrupted, such as by a restart of the machine.

    A run that is still running is followed. A run that failed, was canceled or was interrupted starts a new attempt,
    which can continue from the checkpoints of the previous one. Output of earlier attempts is not printed again.
    With --all, the runs are resumed in the order of their submission and continue in the background.
    """
    from dressage.cli.following import start_and_follow
    from dressage.errors import SettingsError

    if (run is None) is not all_:
        raise SettingsError("give either a run id, or --all for all runs that were interrupted or are queued")
    engine = open_engine()
    if run is None:
        return _resume_all(engine, output)
    unfinished = engine.get(run)
    printed = sum(map(len, unfinished.logs())) if unfinished.status.has_ended else 0
    return start_and_follow(
        lambda listener: engine.resume(unfinished.id, listener=listener),
        detach=detach,
        output=output,
        offset=printed,
    )


def _resume_all(engine: "Engine", output: StreamFormat) -> None:
    """Print one line for each run: those that were resumed on stdout, errors on stderr, then exit with 3."""
    from dressage.cli.display import say
    from dressage.cli.output import as_json, format_state, print_json
    from dressage.cli.streams import results
    from dressage.files.encoding import to_json

    found = []
    for resumed in engine.resume_all():
        found.append(resumed)
        if output == "jsonl":
            results().write(as_json(to_json(resumed)).decode() + "\n")
        elif output == "table" and resumed.status:
            status = resumed.status
            results().write(f"{resumed.run_id}  {format_state(status.state, status.reason, status.place)}\n")
        if resumed.error:
            say(f"error: run {resumed.run_id}: {resumed.error}")
        results().flush()
    if output == "json":
        print_json(found)
    if not found:
        say("no run must be resumed")
    if any(resumed.error for resumed in found):
        raise typer.Exit(3)
