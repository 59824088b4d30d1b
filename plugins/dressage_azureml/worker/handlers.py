"""The worker's functions, by name. Runs in a separate environment, with the SDK and without dressage.

Each function gets `progress`, a callback, and `workspace`, the reference that `open_workspace` takes.
"""

import functools

import clusters
import datasets
import environments
import history
import jobs
import models
import quotas
import tracking
import workspaces
from credentials import report_sign_in_to
from failures import translate_errors

_AREAS = {
    "workspace": (workspaces.check, workspaces.write),
    "datasets": (
        datasets.find,
        datasets.list_all,
        datasets.register,
        datasets.upload,
        datasets.files,
        datasets.download,
    ),
    "compute": (clusters.get, quotas.sizes, clusters.ensure, clusters.list_all, clusters.delete),
    "environments": (environments.find, environments.ensure, environments.list_all),
    "runs": (
        jobs.submit,
        jobs.status,
        jobs.log,
        jobs.cancel,
        jobs.files,
        jobs.download,
        jobs.digests,
        tracking.read_recorded,
        history.list_all,
        history.find,
        history.describe,
    ),
    "models": (models.find, models.list_all, models.register_run, models.register_folder, models.download),
}


def _guard(name, handler):
    """Wrap a handler: show sign-in instructions, and raise only Problem."""

    @functools.wraps(handler)
    def answer(progress, **arguments):
        report_sign_in_to(progress)
        with translate_errors(name, arguments):
            return handler(progress, **arguments)

    return answer


HANDLERS = {
    name: _guard(name, handler)
    for area, functions in _AREAS.items()
    for handler in functions
    for name in [f"{area}.{handler.__name__}"]
}
