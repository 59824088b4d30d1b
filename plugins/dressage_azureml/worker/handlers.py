"""What the worker answers to. Runs in its own environment, with the SDK and nothing of dressage.

Every handler takes `tell`, to report progress with, and `workspace`, the reference that `workspaces` opens.
"""

import functools

import clusters
import datasets
import environments
import jobs
import models
import quotas
import records
import workspaces
from credentials import aloud
from failures import translated

_AREAS = {
    "workspace": (workspaces.check, workspaces.write),
    "datasets": (
        datasets.find,
        datasets.all_of,
        datasets.register,
        datasets.upload,
        datasets.files,
        datasets.download,
    ),
    "compute": (clusters.get, quotas.sizes, clusters.ensure, clusters.all_of, clusters.delete),
    "environments": (environments.find, environments.ensure, environments.all_of),
    "runs": (
        jobs.submit,
        jobs.status,
        jobs.log,
        jobs.cancel,
        jobs.files,
        jobs.download,
        jobs.digests,
        records.tracked,
    ),
    "models": (models.find, models.all_of, models.register_run, models.register_folder, models.download),
}


def _guarded(name, handler):
    @functools.wraps(handler)
    def answer(tell, **arguments):
        aloud(tell)
        with translated(name, arguments):
            return handler(tell, **arguments)

    return answer


HANDLERS = {
    name: _guarded(name, handler)
    for area, functions in _AREAS.items()
    for handler in functions
    for name in [f"{area}.{handler.__name__}"]
}
