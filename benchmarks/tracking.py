"""What recording costs: 100,000 metrics by `log_batch`, into a dressage run and into an MLflow server.

    uv run benchmarks/tracking.py --python PYTHON

PYTHON is an interpreter that has mlflow whole, for its server; the same client records on both sides. A single
`log_metric` a step, as most scripts do it, and the memory of the supervisor afterwards are printed too.
"""

import argparse
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from measuring import machine, medians

CLIENT = """
import time
import mlflow
from mlflow.entities import Metric
client = mlflow.MlflowClient()
run = client.create_run("0")
run_id = run.info.run_id
begun = time.perf_counter()
for batch in range(100):
    metrics = [Metric(f"m{n % 10}", n / 7, 1_700_000_000_000 + n, batch * 100 + n // 10) for n in range(1000)]
    client.log_batch(run_id, metrics)
print("batches", time.perf_counter() - begun)
begun = time.perf_counter()
for step in range(1000):
    client.log_metric(run_id, "single", step / 7, step=step)
print("singles", time.perf_counter() - begun)
pages = int(open(f"/proc/{int(open('/proc/self/stat').read().split()[3])}/statm").read().split()[1])
print("memory", pages * 4096 / 1e6)
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", type=Path, required=True, help="an interpreter that has mlflow")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(machine())
    told: dict[str, list[dict[str, float]]] = {"dressage": [], "server": []}
    with tempfile.TemporaryDirectory() as folder, server(options.python, Path(folder)) as address:
        actions = {
            "dressage": lambda: told["dressage"].append(by_dressage(options.python, Path(folder))),
            "server": lambda: told["server"].append(by_server(options.python, address)),
        }
        medians(actions, options.rounds)
    for name, unit in (
        ("batches", "100,000 metrics, 1,000 a request"),
        ("singles", "1,000 metrics, one by one"),
    ):
        ours, theirs = (middle([each[name] for each in told[side]]) for side in ("dressage", "server"))
        print(f"{unit:<34}{ours:6.2f} s   an MLflow server {theirs:.2f} s: {ours / theirs:.2f} times")
    print(
        f"{'the supervisor afterwards':<34}{middle([each['memory'] for each in told['dressage']]):6.0f} MB   resident"
    )


def by_dressage(python: Path, folder: Path) -> dict[str, float]:
    (folder / "client.py").write_text(CLIENT)
    environ = {**os.environ, "VIRTUAL_ENV": str(python.parent.parent)}
    command = ["dressage", "run", "./client.py", "--again"]
    return figures(
        subprocess.check_output(command, cwd=folder, env=environ, text=True, stderr=subprocess.DEVNULL)
    )


def by_server(python: Path, address: str) -> dict[str, float]:
    environ = {**os.environ, "MLFLOW_TRACKING_URI": address}
    return figures(subprocess.check_output([python, "-c", CLIENT], env=environ, text=True))


def figures(output: str) -> dict[str, float]:
    lines = (line.split() for line in output.splitlines())
    return {
        words[0]: float(words[1]) for words in lines if words and words[0] in ("batches", "singles", "memory")
    }


def middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


@contextmanager
def server(python: Path, folder: Path) -> Iterator[str]:
    """An MLflow server over SQLite, as its documentation starts it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    store = f"sqlite:///{folder}/mlflow.db"
    command = [
        python,
        "-m",
        "mlflow",
        "server",
        "--port",
        str(port),
        "--backend-store-uri",
        store,
        "--workers",
        "1",
    ]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not answers(port):
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
