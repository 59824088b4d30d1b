"""Workers: code with pinned dependencies, which runs in a separate process and environment.

A plugin whose libraries conflict with others provides a lock (a requirements file with hashes, as written by
`uv pip compile --universal --generate-hashes`) and a folder with a module of handlers, and calls them:

    worker = Worker("lab", lock=HERE / "requirements.lock", source=HERE, module="handlers", log=folder / "worker.log")
    worker.call("bench.get", name="mine")   # returns HANDLERS["bench.get"](progress, name="mine")

Arguments and results are JSON. A handler's first argument is a function that reports progress.
"""

from dressage.workers.client import Worker as Worker
from dressage.workers.client import WorkerError as WorkerError
from dressage.workers.environment import worker_folder as worker_folder
