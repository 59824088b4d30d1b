"""Compare recording to a dressage run with recording to an MLflow server: 100,000 metrics with `log_batch`.

    uv run benchmarks/tracking.py --python PYTHON

PYTHON is an interpreter with the full mlflow package, for its server. The same client records to both. Also measured:
1,000 calls of `log_metric`, which most scripts use, and the memory of the supervisor afterwards.
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
from statistics import median

from measuring import describe_machine, medians

CLIENT = """
import time
import mlflow
from mlflow.entities import Metric
client = mlflow.MlflowClient()
run = client.create_run("0")
run_id = run.info.run_id
started = time.perf_counter()
for batch in range(100):
    metrics = [Metric(f"m{n % 10}", n / 7, 1_700_000_000_000 + n, batch * 100 + n // 10) for n in range(1000)]
    client.log_batch(run_id, metrics)
print("batches", time.perf_counter() - started)
started = time.perf_counter()
for step in range(1000):
    client.log_metric(run_id, "single", step / 7, step=step)
print("singles", time.perf_counter() - started)
pages = int(open(f"/proc/{int(open('/proc/self/stat').read().split()[3])}/statm").read().split()[1])
print("memory", pages * 4096 / 1e6)
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", type=Path, required=True, help="an interpreter with mlflow")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(describe_machine())
    results: dict[str, list[dict[str, float]]] = {"dressage": [], "server": []}
    with tempfile.TemporaryDirectory() as folder, start_server(options.python, Path(folder)) as address:
        actions = {
            "dressage": lambda: results["dressage"].append(
                record_with_dressage(options.python, Path(folder))
            ),
            "server": lambda: results["server"].append(record_to_server(options.python, address)),
        }
        medians(actions, options.rounds)
    for name, unit in (
        ("batches", "100,000 metrics, 1,000 per request"),
        ("singles", "1,000 metrics, one by one"),
    ):
        ours, server_s = (median([each[name] for each in results[side]]) for side in ("dressage", "server"))
        print(f"{unit:<34}{ours:6.2f} s   MLflow server {server_s:.2f} s: {ours / server_s:.2f} times")
    print(
        f"{'supervisor afterwards':<34}{median([each['memory'] for each in results['dressage']]):6.0f} MB   resident"
    )


def record_with_dressage(python: Path, folder: Path) -> dict[str, float]:
    (folder / "client.py").write_text(CLIENT)
    environ = {**os.environ, "VIRTUAL_ENV": str(python.parent.parent)}
    command = ["dressage", "run", "./client.py", "--again"]
    return parse_figures(
        subprocess.check_output(command, cwd=folder, env=environ, text=True, stderr=subprocess.DEVNULL)
    )


def record_to_server(python: Path, address: str) -> dict[str, float]:
    environ = {**os.environ, "MLFLOW_TRACKING_URI": address}
    return parse_figures(subprocess.check_output([python, "-c", CLIENT], env=environ, text=True))


def parse_figures(output: str) -> dict[str, float]:
    lines = (line.split() for line in output.splitlines())
    return {
        words[0]: float(words[1]) for words in lines if words and words[0] in ("batches", "singles", "memory")
    }


@contextmanager
def start_server(python: Path, folder: Path) -> Iterator[str]:
    """Run an MLflow server on SQLite, as its documentation does; yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    store = f"sqlite:///{folder}/mlflow.db"
    command = [
        str(python),
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
        while not accepts_connections(port):
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def accepts_connections(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
