"""Compare the recipes: accuracy, seconds per epoch and in all, memory, and the time to build environments.

    uv run benchmarks/recipes.py --data-folder DIR [--epochs N] [NAME ...]

DIR contains MNIST's four files, gzipped (`dressage datasets download mnist-dataset`). The recipes of networks train
on them. sklearn-digits and lightgbm-csv, which have no epochs, train on the 1,797 digits of dressage, as
images and as a CSV file with a column for each pixel. Each recipe runs once on the local platform, one after the
other, in a new workspace. Packages that uv has in its cache are not downloaded again.
The seconds of an epoch are the median of those that the script prints. The memory is the most that the script's
process had at a time. pytorch-mnist needs the index https://download.pytorch.org/whl/cpu, or a mirror in
DRESSAGE_INDEX_PYTORCH_CPU.
"""

import argparse
import gzip
import re
import statistics
import tempfile
import time
from datetime import datetime
from pathlib import Path

import numpy as np
from measuring import describe_machine

import dressage_mnist
from dressage import Engine
from dressage.engine.runs import Run
from dressage.results.entries import ScriptStarted
from dressage.results.events import Event, StageFinished

DIGITS = Path(dressage_mnist.__file__).parent / "digits"
NETWORKS = {
    "jax-mnist": ("jax-mnist", {}),
    "keras-mnist on jax": ("keras-mnist", {"backend": "jax"}),
    "keras-mnist on tensorflow": ("keras-mnist", {"backend": "tensorflow"}),
    "pytorch-mnist": ("pytorch-mnist", {}),
}
RECIPES = (*NETWORKS, "sklearn-digits", "lightgbm-csv")


def main() -> None:
    options = parse_arguments()
    print(describe_machine())
    print(f"{'':27}accuracy  epoch (s)  total (s)  memory (MB)  environment (s)")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.names or RECIPES:
            recipe, settings = describe(name, Path(folder), options)
            print(f"{name:27}{measure(recipe, settings, Engine(folder))}", flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-folder", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(RECIPES)}")
    return parser.parse_args()


def describe(name: str, folder: Path, options: argparse.Namespace) -> tuple[str, dict[str, object]]:
    """Return the recipe and its settings. folder: for the CSV file."""
    if name in NETWORKS:
        recipe, settings = NETWORKS[name]
        return recipe, {**settings, "data": str(options.data_folder.absolute()), "epochs": options.epochs}
    if name == "lightgbm-csv":
        return name, {"data": str(write_table(folder / "digits.csv")), "task": "multiclass"}
    return name, {"data": "digits"}


def write_table(path: Path) -> Path:
    """Write the digits with a column for each pixel, and the digit as the last one."""
    images, labels = (
        np.frombuffer(
            gzip.decompress((DIGITS / f"train-{name}-ubyte.gz").read_bytes()), np.uint8, offset=header
        )
        for name, header in (("images-idx3", 16), ("labels-idx1", 8))
    )
    table = np.column_stack([images.reshape(len(labels), -1), labels])
    header = ",".join([*(f"pixel{number}" for number in range(table.shape[1] - 1)), "digit"])
    np.savetxt(path, table, fmt="%d", delimiter=",", header=header, comments="")
    return path


def measure(recipe: str, given: dict[str, object], engine: Engine) -> str:
    """Train a recipe, and return its numbers."""
    built = 0.0

    def listen(event: Event) -> None:
        nonlocal built
        if isinstance(event, StageFinished) and event.stage == "environment":
            built = event.seconds

    run = engine.run(recipe, set=given, listener=listen)
    memory = watch_memory(run)
    assert run.status.state == "Completed", run.status.reason
    started, ended = (datetime.fromisoformat(str(at)) for at in (run.status.started, run.status.ended))
    log = b"".join(run.logs()).decode()
    epochs = [float(seconds) for seconds in re.findall(r"^epoch.* ([\d.]+) s$", log, re.MULTILINE)]
    epoch = f"{statistics.median(epochs):.1f}" if epochs else "-"
    total = (ended - started).total_seconds()
    return f"{run.metric:8.4f}  {epoch:>9}  {total:9.1f}  {memory / 1024:11.0f}  {built:15.1f}"


def watch_memory(run: Run) -> int:
    """Wait for the end of the run, and return the most memory that its script's process had, in kilobytes."""
    most = 0
    while not run.status.has_ended:
        for event in run.folder.journal.events():
            if isinstance(event, ScriptStarted):
                most = max(most, peak_of(event.group))
        time.sleep(0.2)
    return most


def peak_of(process: int) -> int:
    """Return the largest memory of a process so far, in kilobytes; 0 if it has ended."""
    try:
        text = Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = re.search(r"^VmHWM:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) if found else 0


if __name__ == "__main__":
    main()
