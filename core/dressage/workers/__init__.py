"""Code with pins of its own, in a process and an environment of its own.

A plugin whose libraries fit in no shared environment ships a lock (a requirements file with hashes, as
`uv pip compile --universal --generate-hashes` writes) and a folder with a module of handlers, and calls them:

    worker = Worker("lab", lock=HERE / "requirements.lock", source=HERE, module="handlers", log=folder / "worker.log")
    worker.call("bench.get", name="mine")   # what HANDLERS["bench.get"](tell, name="mine") returns

Arguments and results are JSON. A handler's first argument is a function to report progress with.
"""

from dressage.workers.client import Worker as Worker
from dressage.workers.client import WorkerError as WorkerError
