"""dressage resume"""

from dressage.cli.options import Detach, RunId, StreamOutput, open_engine


def resume(
    run: RunId,
    detach: Detach = False,
    output: StreamOutput = "table",
) -> None:
    """Resume a run that has not completed.

    A run that is still running is followed. A run that failed, was canceled or was interrupted starts a new attempt,
    which can continue from the checkpoints of the previous one. Output of earlier attempts is not printed again.
    """
    from dressage.cli.following import start_and_follow

    engine = open_engine()
    unfinished = engine.get(run)
    printed = sum(map(len, unfinished.logs())) if unfinished.status.has_ended else 0
    start_and_follow(
        lambda listener: engine.resume(unfinished.id, listener=listener),
        detach=detach,
        output=output,
        offset=printed,
    )
