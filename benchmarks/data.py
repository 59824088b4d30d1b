"""Measure registering datasets, planning a large source directory, and the memory for many files.

    uv run benchmarks/data.py
    uv run benchmarks/data.py --dvc path/to/dvc --folder /a/disk

Ratios compare commands that run in turns, after the disk has written what earlier ones left. Processor time is what a
command takes more than the same command for an empty file. --dvc: the program to compare small files with.
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from measuring import describe_machine

DRESSAGE = Path(sys.executable).with_name("dressage")
HASH = "import hashlib, sys; hashlib.file_digest(open(sys.argv[1], 'rb'), 'sha256')"
BLOCK = random.Random(0).randbytes(1 << 20)  # noqa: S311 - the same bytes each time


class Used(NamedTuple):
    """What a command took. seconds: until its end. user_s, system_s: processor time. memory_mb: at its peak."""

    seconds: float
    user_s: float
    system_s: float
    memory_mb: float


def main() -> None:
    options = read_options()
    print(describe_machine())
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        root = Path(folder)
        measure_large(root / "large", options.gigabytes, options.rounds)
        measure_small(root / "small", options.files, options.rounds, options.dvc)
        measure_snapshot(root / "snapshot", options.files, options.rounds)
        measure_memory(root / "memory", options.files)
        measure_disk(root / "disk", options.materialised)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", help="where to work; default: the system's folder for temporary files")
    parser.add_argument("--dvc", type=Path)
    parser.add_argument("--gigabytes", type=int, default=2, help="size of the large file")
    parser.add_argument("--materialised", type=int, default=5, help="gigabytes to materialise")
    parser.add_argument("--files", type=int, default=10_000, help="number of small files")
    return parser.parse_args()


def measure_large(root: Path, gigabytes: int, rounds: int) -> None:
    """Print how much processor time a large file takes, compared with hashing it once."""
    root.mkdir()
    source = root / "large.bin"
    with source.open("wb") as file:
        for _ in range(gigabytes * 1000):
            file.write(BLOCK[:1_000_000])
    (root / "empty").touch()
    commands: dict[str, Callable[[], Used]] = {
        "hash": lambda: use([sys.executable, "-c", HASH, source], root),
        "hash empty": lambda: use([sys.executable, "-c", HASH, root / "empty"], root),
        "empty": lambda: register(fresh(root), root / "empty"),
        "new": lambda: register(fresh(root), source),
        "again": lambda: register(root / "project", source),
        "help": lambda: use([DRESSAGE, "--help"], root),
    }
    used = repeat(commands, rounds)
    user = more(used, "new", "empty").user_s / more(used, "hash", "hash empty").user_s
    whole = processor_s(more(used, "new", "empty")) / processor_s(more(used, "hash", "hash empty"))
    print(f"register {gigabytes} GB           {user:8.2f} hashes of processor time; limit 1.1")
    print(
        f"  with the kernel's       {whole:8.2f}   {used['new'].seconds:.1f} s until the disk has the bytes"
    )
    print(
        f"  unchanged again         {used['again'].seconds:8.2f} s; limit 0.3   --help {used['help'].seconds:.2f}"
    )
    shutil.rmtree(root)


def measure_small(root: Path, count: int, rounds: int, dvc: Path | None) -> None:
    """Print how long many small files take, compared with `dvc add` and `cp -r`."""
    root.mkdir()
    source = write_small(root / "data", count)
    commands: dict[str, Callable[[], Used]] = {
        "cp": lambda: copy(source, root / "copy"),
        "new": lambda: register(fresh(root), source),
        "again": lambda: register(root / "project", source),
    }
    if dvc:
        commands["dvc"] = lambda: add_to_dvc(dvc.absolute(), source, root / "dvc")
    used = repeat(commands, rounds)
    compared = f"   {used['new'].seconds / used['dvc'].seconds:.2f} times dvc add; limit 1" if dvc else ""
    print(
        f"register {count} files    {used['new'].seconds:8.2f} s   cp -r {used['cp'].seconds:.2f} s{compared}"
    )
    print(f"  unchanged again         {used['again'].seconds:8.2f} s")
    shutil.rmtree(root)


def measure_snapshot(root: Path, count: int, rounds: int) -> None:
    """Print how long a plan takes if the source directory has many files, and none has changed."""
    write_small(root / "many", count)
    (root / "one").mkdir()
    for folder in ("many", "one"):
        (root / folder / "train.py").write_text("")
        (root / folder / ".gitignore").write_text("*.pyc\n/build/\n*.log\n!keep.log\nout/**/*.bin\n")
    time.sleep(1)  # files that were just written are read again
    use([DRESSAGE, "run", "many/train.py"], root)
    commands: dict[str, Callable[[], Used]] = {
        name: lambda name=name: use([DRESSAGE, "plan", f"{name}/train.py"], root)  # type: ignore[misc]
        for name in ("many", "one")
    }
    used = repeat(commands, rounds)
    longer = used["many"].seconds - used["one"].seconds
    print(
        f"plan, {count} source files {used['many'].seconds:7.2f} s   {longer:.2f} more than one file; limit 0.3"
    )
    shutil.rmtree(root)


def measure_memory(root: Path, count: int) -> None:
    """Print how much memory ten times as many files take."""
    root.mkdir()
    few = register(fresh(root), write_small(root / "few", count)).memory_mb
    many = register(fresh(root), write_small(root / "many", count * 10)).memory_mb
    each = (many - few) * 1e6 / (count * 9)
    print(
        f"memory for {count * 10} files {many:8.0f} MB   {few:.0f} for {count}; {each:.0f} bytes a file; limit 2000"
    )
    shutil.rmtree(root)


def measure_disk(root: Path, gigabytes: int) -> None:
    """Print how much disk a materialised dataset takes. The sources are sparse: they take none."""
    source = root / "data"
    source.mkdir(parents=True)
    for number in range(gigabytes):
        with (source / str(number)).open("wb") as file:
            file.write(str(number).encode())
            file.truncate(10**9)
    project = fresh(root)
    register(project, source)
    used = {path.stat().st_ino: path.stat().st_blocks * 512 for path in project.rglob("*") if path.is_file()}
    print(
        f"{gigabytes} GB materialised       {sum(used.values()) / gigabytes / 1e9:9.2f} times on the disk; limit 1.01"
    )


def write_small(folder: Path, count: int) -> Path:
    """Write small files, 200 in each folder."""
    for number in range(count):
        place = folder / str(number // 200)
        if number % 200 == 0:
            place.mkdir(parents=True)
        start = number * 13 % (1 << 19)
        (place / f"{number}.bin").write_bytes(
            BLOCK[start : start + 2000 + number % 3000] + str(number).encode()
        )
    return folder


def fresh(root: Path) -> Path:
    """Return an empty project."""
    subprocess.run(["chmod", "-R", "u+w", root], check=True)
    shutil.rmtree(root / "project", ignore_errors=True)
    (root / "project").mkdir()
    return root / "project"


def register(project: Path, source: Path) -> Used:
    return use([DRESSAGE, "datasets", "register", "data", source], project)


def copy(source: Path, target: Path) -> Used:
    shutil.rmtree(target, ignore_errors=True)
    return use(["cp", "-r", source, target], source)


def add_to_dvc(dvc: Path, source: Path, repository: Path) -> Used:
    shutil.rmtree(repository, ignore_errors=True)
    repository.mkdir()
    for arguments in (["git", "init", "-q"], [dvc, "init", "-q"], ["cp", "-r", source, "data"]):
        subprocess.run(list(map(str, arguments)), cwd=repository, check=True, capture_output=True)
    return use([dvc, "add", "-q", "data"], repository)


def repeat(commands: dict[str, Callable[[], Used]], rounds: int) -> dict[str, Used]:
    """Run the commands in turns, and return the medians."""
    results = [{name: action() for name, action in commands.items()} for _ in range(rounds)]
    return {
        name: Used(
            *(statistics.median(values) for values in zip(*(result[name] for result in results), strict=True))
        )
        for name in commands
    }


def more(used: dict[str, Used], name: str, base: str) -> Used:
    return Used(*(value - less for value, less in zip(used[name], used[base], strict=True)))


def processor_s(used: Used) -> float:
    return used.user_s + used.system_s


def use(arguments: Sequence[str | Path], folder: Path) -> Used:
    """Run a command when the disk is idle. Python may cache bytecode, as in a user's shell."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    os.sync()
    started = time.perf_counter()
    process = subprocess.Popen(
        list(map(str, arguments)),
        cwd=folder,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, arguments
    seconds = time.perf_counter() - started
    return Used(seconds, used.ru_utime, used.ru_stime, used.ru_maxrss * 1024 / 1e6)


if __name__ == "__main__":
    main()
