"""Serve one run's tracking endpoint until standard input is closed: python serve.py FOLDER. Prints the port."""

import socket
import sys
import time
from pathlib import Path

from dressage.records.run_folder import RunFolder
from dressage.supervision.tracking import RunIdentity, TrackingEndpoint

workspace = Path(sys.argv[1])
run_folder = workspace / "runs" / "own"
(run_folder / "artifacts").mkdir(parents=True)
listener = socket.create_server(("127.0.0.1", 0))
identity = RunIdentity(
    "own", "Default", "own", int(time.time() * 1000), run_folder / "artifacts", 1, workspace
)
endpoint = TrackingEndpoint(listener, journal=RunFolder(run_folder).journal, run=identity, token="secret")
endpoint.start()
sys.stdout.write(f"{listener.getsockname()[1]}\n")
sys.stdout.flush()
sys.stdin.read()
endpoint.close()
