"""The states of a run in Azure ML, in our words."""

from collections.abc import Mapping

from dressage.results.statuses import State

STATES: Mapping[str, State] = {
    "NotStarted": "Preparing",
    "Starting": "Preparing",
    "Provisioning": "Preparing",
    "Preparing": "Preparing",
    "Queued": "Queued",
    "Running": "Running",
    "CancelRequested": "Running",
    "NotResponding": "Running",
    "Paused": "Queued",
    "Finalizing": "Finalizing",
    "Completed": "Completed",
    "Failed": "Failed",
    "Canceled": "Canceled",
}
