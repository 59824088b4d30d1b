"""Calls of methods on another machine. Another shell takes the place of the machine."""

import sys
from pathlib import Path

import pytest

from dressage import NotFoundError, StageError, UnreachableError
from dressage.platforms.remote_calls import RemoteProgram
from dressage.results.statuses import RunStatus
from dressage.results.versions import File

PROGRAM = b"""
import sys
from pathlib import Path
from dressage import NotFoundError, StageError
from dressage.platforms.protocols import Progress
from dressage.platforms.remote_answers import answer_request
from dressage.results.statuses import RunStatus
from dressage.results.versions import File

FOLDER = Path(sys.argv[1])

class Methods:
    def status(self, state: str) -> RunStatus:
        return RunStatus(state=state, exit_code=0)

    def double(self, file: File) -> File:
        return File(path=file.path, size=file.size * 2)

    def read(self) -> bytes:
        return bytes(range(256))

    def count(self, report: Progress, most: int) -> int:
        for done in range(most):
            report("counting", done, most)
        return most

    def concatenate(self, files: Path) -> str:
        return "".join(file.read_text() for file in sorted(files.rglob("*.txt")))

    def make(self, name: str) -> Path:
        folder = FOLDER / "made"
        folder.mkdir()
        (folder / name).write_text("made")
        return folder

    def lose(self) -> None:
        raise NotFoundError("no run 'a'")

    def refuse(self) -> None:
        raise StageError("compute", "no GPU is left")

    def break_(self) -> None:
        raise KeyError("HOME")

    def exit(self) -> None:
        print("disk on fire", file=sys.stderr)
        sys.exit(3)

answer_request(Methods, FOLDER)
"""


@pytest.fixture
def program(tmp_path: Path) -> RemoteProgram:
    return reached_with("sh -c", tmp_path)


def reached_with(command: str, folder: Path) -> RemoteProgram:
    return RemoteProgram(command, sys.executable, PROGRAM, [str(folder / "there")])


def test_an_answer_has_the_type_that_was_asked_for(program: RemoteProgram):
    assert program.call(RunStatus, "status", "Completed") == RunStatus(state="Completed", exit_code=0)


def test_an_argument_has_the_type_of_the_parameter(program: RemoteProgram):
    assert program.call(File, "double", File(path="a", size=2)).size == 4


def test_bytes_arrive_as_they_are(program: RemoteProgram):
    assert program.call(bytes, "read") == bytes(range(256))


def test_progress_is_passed_on(program: RemoteProgram):
    seen: list[tuple[str, int, int | None]] = []
    program.call(int, "count", 2, progress=lambda *what: seen.append(what))
    assert seen == [("counting", 0, 2), ("counting", 1, 2)]


def test_a_folder_is_sent_with_a_call(program: RemoteProgram, tmp_path: Path):
    (tmp_path / "sent" / "b").mkdir(parents=True)
    (tmp_path / "sent" / "a.txt").write_text("a")
    (tmp_path / "sent" / "b" / "b.txt").write_text("b" * 100_000)
    assert program.call(str, "concatenate", files=tmp_path / "sent") == "a" + "b" * 100_000


def test_files_that_were_sent_are_removed_after_the_call(program: RemoteProgram, tmp_path: Path):
    (tmp_path / "sent").mkdir()
    program.call(str, "concatenate", files=tmp_path / "sent")
    assert list((tmp_path / "there").iterdir()) == []


def test_a_folder_is_received_with_an_answer(program: RemoteProgram, tmp_path: Path):
    (tmp_path / "there").mkdir()
    program.call(type(None), "make", "a.txt", target=tmp_path / "got")
    assert (tmp_path / "got" / "a.txt").read_text() == "made"
    assert list((tmp_path / "there").iterdir()) == []


def test_an_error_of_dressage_is_raised_here(program: RemoteProgram):
    with pytest.raises(NotFoundError, match=r"^no run 'a'$"):
        program.call(str, "lose")


def test_an_error_of_a_stage_is_raised_here(program: RemoteProgram):
    with pytest.raises(StageError, match=r"^no GPU is left$"):
        program.call(str, "refuse")


def test_another_exception_is_a_runtime_error(program: RemoteProgram):
    with pytest.raises(RuntimeError, match=r"^KeyError: 'HOME'$"):
        program.call(str, "break_")


def test_a_program_without_an_answer_is_out_of_reach(program: RemoteProgram):
    with pytest.raises(UnreachableError, match=r"^no answer from 'sh -c': disk on fire$"):
        program.call(str, "exit")


def test_a_command_that_fails_is_out_of_reach(tmp_path: Path):
    program = reached_with("sh -c 'echo no route to host >&2; exit 255'", tmp_path)
    with pytest.raises(UnreachableError, match="no route to host"):
        program.call(bytes, "read")


def test_a_command_that_does_not_exist_is_out_of_reach(tmp_path: Path):
    with pytest.raises(
        UnreachableError, match=r"^cannot start 'no-such-command': No such file or directory$"
    ):
        reached_with("no-such-command", tmp_path).call(bytes, "read")


def test_a_command_that_fails_after_the_answer_is_out_of_reach(tmp_path: Path):
    program = reached_with("""sh -c 'sh -c "$0"; exit 255'""", tmp_path)
    with pytest.raises(UnreachableError, match="exit code 255"):
        program.call(bytes, "read")


def test_lines_of_a_login_shell_are_ignored(tmp_path: Path):
    program = reached_with("""sh -c 'echo Welcome; exec sh -c "$0"'""", tmp_path)
    assert program.call(bytes, "read") == bytes(range(256))


def test_files_that_do_not_all_arrive_are_out_of_reach(tmp_path: Path):
    (tmp_path / "sent").mkdir()
    (tmp_path / "sent" / "a.txt").write_bytes(bytes(100_000))
    program = reached_with("""sh -c 'head -c 50000 | sh -c "$0"'""", tmp_path)
    with pytest.raises(UnreachableError, match="the connection ended before all files had arrived"):
        program.call(str, "concatenate", files=tmp_path / "sent")


def test_an_answer_whose_files_do_not_all_arrive_is_out_of_reach(tmp_path: Path):
    (tmp_path / "there").mkdir()
    program = reached_with("""sh -c 'sh -c "$0" | head -c 600'""", tmp_path)
    with pytest.raises(UnreachableError, match="the connection ended before all files had arrived"):
        program.call(type(None), "make", "a.txt", target=tmp_path / "got")
