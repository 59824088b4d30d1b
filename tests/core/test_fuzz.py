"""A damaged file of a workspace takes no command down, and hides nothing but what it describes."""

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.commandline import Called, call
from tests.trained import RUN, Trained, train

DOCUMENTED = {0, 1, 2, 3}


pytestmark = pytest.mark.skipif(
    not os.environ.get("DRESSAGE_FUZZ"),
    reason="set DRESSAGE_FUZZ=1: some pipes in place of a file still hold a command for ever",
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return train(tmp_path_factory.mktemp("project"))


def flip(content: bytes, at: random.Random) -> bytes:
    place = at.randrange(len(content) or 1)
    return (
        content[:place] + bytes([content[place] ^ 1 << at.randrange(8)]) + content[place + 1 :]
        if content
        else b"\0"
    )


WRONG: tuple[Any, ...] = (
    None,
    True,
    -1,
    5,
    1 << 70,
    1e300,
    "",
    "x\ud800",
    "../../x",
    [],
    {},
    [[]],
    {"a": {}},
)


def retype(content: bytes, at: random.Random) -> bytes:
    """Replace or delete a value of a JSON file, or of one line of it."""
    lines = content.splitlines()
    for number in at.sample(range(len(lines)), len(lines)):
        try:
            value = json.loads(content if len(lines) > 30 else lines[number])
        except ValueError:
            continue
        lines[number] = json.dumps(change(value, at)).encode()
        return b"\n".join(lines) + b"\n"
    try:
        return json.dumps(change(json.loads(content), at)).encode()
    except ValueError:
        return flip(content, at)


def change(value: Any, at: random.Random) -> Any:
    if not isinstance(value, dict | list) or not value or at.random() < 0.1:
        return at.choice(WRONG)
    key = at.choice(list(value)) if isinstance(value, dict) else at.randrange(len(value))
    if at.random() < 0.3:
        del value[key]
    else:
        value[key] = change(value[key], at)
    return value


WAYS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "truncate": lambda content, at: content[: at.randrange(len(content) or 1)],
    "empty": lambda *_: b"",
    "flip": flip,
    "noise": lambda _, at: at.randbytes(at.randrange(1, 300)),
    "zeros": lambda content, _: b"\0" * len(content),
    "repeat": lambda content, _: content * 2,
    "retype": retype,
    "nest": lambda *_: b'{"event":' * 20_000,
}
REPLACED = ("delete", "folder", "pipe", "link")


def damage(path: Path, way: str, at: random.Random) -> None:
    parent = path.parent
    parent.chmod(parent.stat().st_mode | 0o700)
    content = path.read_bytes()
    path.unlink()
    match way:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "link":
            path.symlink_to("nowhere")
        case "delete":
            pass
        case _:
            path.write_bytes(WAYS[way](content, at))


def commands(trained: Trained, damaged: str) -> list[tuple[str, ...]]:
    run = next((run for run in trained.runs if run in damaged), trained.runs[0])
    reading = [("runs", what, run) for what in ("show", "logs", "files")]
    return [
        ("runs", "list"),
        *reading,
        ("runs", "show", "latest", "-o", "json"),
        ("runs", "download", run, "--to", str(trained.project.with_name("downloaded"))),
        ("models", "list"),
        ("models", "show", "m:1"),
        ("datasets", "list"),
        ("datasets", "show", "data:1"),
        ("environments", "list"),
        ("compute", "list"),
        ("plan", *RUN[1:], "1"),
        ("doctor",),
    ]


def check(trained: Trained, file: str, way: str, seed: int, more: tuple[tuple[str, ...], ...] = ()) -> None:
    workspace = trained.restore()
    damage(workspace / file, way, random.Random(seed))
    for command in (*commands(trained, file), *more):
        called = call(trained.project, *command)
        assert "Traceback" not in called.err, (command, called.err)
        assert called.code in DOCUMENTED, (command, called)
        check_listed(trained, file, command, called)


def check_listed(trained: Trained, file: str, command: tuple[str, ...], called: Called) -> None:
    """Everything that the damaged file does not describe is listed."""
    if file == "workspace.json":
        return
    if command == ("runs", "list"):
        lines = called.out.splitlines()
        for run in trained.runs:
            assert run in file or any(line.startswith(run) and "Completed" in line for line in lines), called
    for kind in ("models", "datasets"):
        for path in trained.kept.glob(f"{kind}/*/[0-9].json") if command == (kind, "list") else ():
            label = f"{path.parent.name}:{path.stem}"
            assert f"{kind}/{path.parent.name}/{path.name}" == file or label in called.out, called


def example(trained: Trained) -> st.SearchStrategy[tuple[str, str, int]]:
    ways = st.sampled_from([*WAYS, *REPLACED])
    return st.tuples(st.sampled_from(trained.files), ways, st.integers(0, 1 << 32))


def fuzz(trained: Trained, count: int, more: tuple[tuple[str, ...], ...] = ()) -> None:
    @settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(example(trained))
    def damage_one(drawn: tuple[str, str, int]) -> None:
        check(trained, *drawn, more)

    damage_one()


def test_a_damaged_file_takes_no_command_down(trained: Trained):
    fuzz(trained, 12)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_many_damaged_files_take_no_command_down(trained: Trained):
    more = ((*RUN, "1"), ("run", "train.py", "--again", "--", "x", "9"), ("resume", "--all"))
    fuzz(trained, 100, more)
