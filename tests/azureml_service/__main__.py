"""Run the service in a separate process: python -m tests.azureml_service FOLDER [PYTHON].

Writes one line of JSON, {"address", "environ", "config"}, and serves until standard input is closed.
PYTHON is the interpreter of scripts.
"""

import json
import signal
import sys
from pathlib import Path

from tests.azureml_service.service import run_service


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    settings = {"python": sys.argv[2]} if len(sys.argv) > 2 else {}
    with run_service(Path(sys.argv[1]), **settings) as service:
        started = {"address": service.address, "environ": service.environ, "config": service.config}
        sys.stdout.write(json.dumps(started) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
