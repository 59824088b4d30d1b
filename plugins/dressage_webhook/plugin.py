"""The webhook observer's hooks.

Entry point: webhook = "dressage_webhook.plugin". Importing this module does not import an HTTP client.
"""

from typing import TYPE_CHECKING

from dressage import hookimpl

if TYPE_CHECKING:
    from dressage.results.notices import (
        ChangedTags,
        LoggedMetrics,
        LoggedParameters,
        NewRun,
        RunEnd,
        StageResult,
        StateChange,
    )
    from dressage_webhook.options import Options

DRESSAGE_CONTRACT = 1


@hookimpl
def options() -> "type[Options]":
    from dressage_webhook.options import Options

    return Options


@hookimpl
def enabled(options: "Options") -> bool:
    from dressage_webhook.options import address_of

    if options.url is None and options.url_env is None:
        return False
    if options.url is not None:
        address_of(options)
    return True


@hookimpl
def secrets(options: "Options") -> tuple[str, ...]:
    return tuple(filter(None, (options.url_env, options.secret_env)))


@hookimpl
def run_created(event: "NewRun", options: "Options") -> None:
    _send("run_created", event, options)


@hookimpl
def stage_finished(event: "StageResult", options: "Options") -> None:
    _send("stage_finished", event, options)


@hookimpl
def run_state_changed(event: "StateChange", options: "Options") -> None:
    _send("run_state_changed", event, options)


@hookimpl
def parameters_logged(event: "LoggedParameters", options: "Options") -> None:
    _send("parameters_logged", event, options)


@hookimpl
def metrics_logged(event: "LoggedMetrics", options: "Options") -> None:
    _send("metrics_logged", event, options)


@hookimpl
def tags_changed(event: "ChangedTags", options: "Options") -> None:
    _send("tags_changed", event, options)


@hookimpl
def run_finished(event: "RunEnd", options: "Options") -> None:
    _send("run_finished", event, options)


def _send(
    kind: str,
    event: "NewRun | StageResult | StateChange | LoggedParameters | LoggedMetrics | ChangedTags | RunEnd",
    options: "Options",
) -> None:
    """Send the event, if the options ask for it."""
    if kind in options.events and (not options.experiments or event.experiment in options.experiments):
        from dressage_webhook.sending import send

        send(kind, event, options)
