"""The worker's functions, by name. Runs in a separate environment, with MLflow and without dressage.

    runs.send     copy entries of a journal, [[end, entry], ...]
    runs.upload   copy files, [[owner, id of the owner, path, path here], ...]

Both return lines about what was left out. run: the run's id. credentials: [user, password] or None. context: what
target.Target needs; without it, a run that this process does not know yet is a problem of the kind "context".
"""

import entries
import files
from failures import ProblemError, translate_errors
from target import Targets

TARGETS = Targets()


def send(progress, address, credentials, run, context, entries_):
    with translate_errors():
        target = TARGETS.find(address, credentials, run)
        if target is None:
            if context is None:
                raise ProblemError("context", "this process does not know the run yet")
            target = TARGETS.open(address, run, context)
        return entries.apply(target, entries_)


def upload(progress, address, credentials, run, files_):
    with translate_errors():
        target = TARGETS.find(address, credentials, run)
        if target is None:
            raise ProblemError("context", "this process does not know the run yet")
        return files.upload(target, files_, progress)


HANDLERS = {"runs.send": send, "runs.upload": upload}
