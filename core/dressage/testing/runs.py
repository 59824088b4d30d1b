"""The run contract: what a script finds, and what is kept of it."""

import hashlib
import json
from datetime import datetime
from pathlib import Path

import pytest

from dressage import DatasetFolder, NotFoundError
from dressage.hooks.proxy import PlatformProxy
from dressage.results.events import StateChanged
from dressage.results.statuses import STATES
from dressage.testing.platform_suite import PlatformSuite, make_dataset
from dressage.testing.runner import Runner, read_log, wait_for_output

UNKNOWN = "kit-20200101-000000-0000"
"""The id of a run that no platform has."""
FILES = {
    "outputs/empty": b"",
    "outputs/a b/ü.bin": bytes(range(256)) * 64,
    "logs/deep/er/log.txt": b"1\r\n2\n",
}


class ScriptTests(PlatformSuite):
    """What a script finds when it starts: arguments, working directory, files, variables."""

    def test_the_script_gets_its_arguments_as_they_were_given(self, runner: Runner) -> None:
        given = ["--lr", "0.1", "two words", "", "$HOME `id` 'x' \"y\" \\", "ü*?", "a\nb"]
        done = runner.finish("import json, sys; print(json.dumps(sys.argv))", *given)
        assert json.loads(done.log) == ["train.py", *given]

    def test_a_module_is_started_like_python_m(self, runner: Runner) -> None:
        files = {
            "pack/__init__.py": "",
            "pack/train.py": "import sys; print(__name__, __package__, sys.argv[1:])",
        }
        done = runner.finish("", "7", files=files, script={"file": None, "module": "pack.train"})
        assert done.log == b"__main__ pack ['7']\n"

    def test_it_starts_in_a_writable_copy_of_its_source(self, runner: Runner) -> None:
        text = (
            "import pathlib\n"
            "path = pathlib.Path('data.txt'); path.write_text(path.read_text() + '!'); print(path.read_text())\n"
            "pathlib.Path('new.txt').write_text('1')\n"
        )
        recipe = runner.recipe(text, files={"data.txt": "original"})
        source = recipe.answers.trained.script.directory
        for _ in range(2):  # the second run finds the original again
            run = runner.start_recipe(recipe)
            assert run.wait(self.patience_s).state == "Completed"
            assert read_log(run) == b"original!\n"
        assert sorted(path.name for path in source.iterdir()) == ["data.txt", "train.py"]
        assert (source / "data.txt").read_text() == "original"

    def test_modules_next_to_the_script_can_be_imported(self, runner: Runner) -> None:
        done = runner.finish("import layers; print(layers.ANSWER)", files={"layers.py": "ANSWER = 42"})
        assert done.log == b"42\n"

    def test_a_dataset_arrives_as_the_path_of_a_folder(self, runner: Runner, tmp_path: Path) -> None:
        data = make_dataset(tmp_path / "data", {"a.csv": b"1,2\n", "deep/b c.bin": bytes(range(256))})
        text = (
            "import hashlib, json, pathlib, sys\n"
            "root = pathlib.Path(sys.argv[1])\n"
            "files = [path for path in root.rglob('*') if path.is_file()]\n"
            "read = {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()"
            " for path in files}\n"
            "print(json.dumps(read))\n"
        )
        done = runner.finish(text, DatasetFolder(), datasets={"data": data})
        assert json.loads(done.log) == {
            "a.csv": hashlib.sha256(b"1,2\n").hexdigest(),
            "deep/b c.bin": hashlib.sha256(bytes(range(256))).hexdigest(),
        }

    def test_variables_of_the_environment_and_the_runs_id_arrive(self, runner: Runner) -> None:
        text = "import json, os; print(json.dumps([os.environ.get(n) for n in ('KIT_A', 'DRESSAGE_RUN_ID')]))"
        done = runner.finish(text, variables={"KIT_A": "a 'b' $c"})
        assert json.loads(done.log) == ["a 'b' $c", done.run.id]

    def test_a_secret_reaches_the_script_and_no_file_of_the_workspace(
        self, runner: Runner, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not self.secrets:
            pytest.skip("secrets = False: the platform refuses environments with secrets")
        monkeypatch.setenv("KIT_SECRET", "kit-5ecret-v4lue")
        text = (
            "import hashlib, os\n"
            "print(hashlib.sha256(os.environ['KIT_SECRET'].encode()).hexdigest(), flush=True)\n"
            "import time; time.sleep(1)\n"
        )
        run = runner.start(text, secrets=("KIT_SECRET",))
        wanted = hashlib.sha256(b"kit-5ecret-v4lue").hexdigest().encode()
        assert wanted in wait_for_output(run, wanted, self.patience_s)
        assert find_text(project, b"kit-5ecret-v4lue") == []
        assert run.wait(self.patience_s).state == "Completed"
        assert find_text(project, b"kit-5ecret-v4lue") == []

    secrets: bool = True
    """False if the platform cannot give scripts secrets, and refuses environments that have some."""


class OutputTests(PlatformSuite):
    """What is kept of a script: its output, byte for byte, and its files."""

    def test_output_and_errors_reach_the_log_in_order_and_byte_for_byte(self, runner: Runner) -> None:
        done = runner.finish(
            "import os, sys\n"
            "for n in range(100):\n"
            "    print(n, 'out'); print(n, 'err', file=sys.stderr)\n"
            "os.write(1, bytes(range(256)))\n"
        )
        lines = b"".join(b"%d out\n%d err\n" % (n, n) for n in range(100))
        assert done.log == lines + bytes(range(256))

    def test_a_long_log_is_complete(self, runner: Runner) -> None:
        done = runner.finish("for n in range(40_000): print(n, 'x' * 120)")
        assert done.log == b"".join(b"%d %s\n" % (n, b"x" * 120) for n in range(40_000))

    def test_the_log_can_be_read_from_any_byte(self, runner: Runner) -> None:
        done = runner.finish("import os; os.write(1, bytes(range(256)))")
        for offset in (0, 1, 127, 128, 255, 256, 1000):
            assert read_log(done.run, offset) == bytes(range(256))[offset:]

    def test_readers_that_come_and_go_get_each_byte_once(self, runner: Runner) -> None:
        """As after a dropped connection: each reader starts where the one before was cut off, in another client."""
        run = runner.start(
            "import sys, time\nfor n in range(300):\n    print(n, '\\u00fc' * (n % 50)); time.sleep(0.002)\n"
        )
        seen = b""
        while not run.status.has_ended:
            for part in runner.find(run.id).logs(offset=len(seen)):
                seen += part[: max(1, len(part) // 2)]  # the rest was lost on the way
                break
        seen += read_log(runner.find(run.id), len(seen))
        assert seen.decode() == "".join(f"{n} {'ü' * (n % 50)}\n" for n in range(300))

    def test_output_is_not_buffered(self, runner: Runner) -> None:
        run = runner.start("import time\nprint('up')\ntime.sleep(300)")
        assert wait_for_output(run, b"up\n", self.patience_s) == b"up\n"
        assert not run.status.has_ended

    def test_a_script_without_output_has_an_empty_log(self, runner: Runner) -> None:
        assert runner.finish("").log == b""

    def test_outputs_and_logs_exist_and_their_files_are_kept(self, runner: Runner, tmp_path: Path) -> None:
        text = (
            "import pathlib\n"
            f"for path, content in {FILES!r}.items():\n"
            "    pathlib.Path(path).parent.mkdir(exist_ok=True, parents=True)\n"
            "    pathlib.Path(path).write_bytes(content)\n"
        )
        done = runner.finish("import os; assert os.path.isdir('outputs') and os.path.isdir('logs')\n" + text)
        assert done.status.state == "Completed", done.log
        assert {file.path for file in done.run.files} >= set(FILES)
        done.run.download(tmp_path / "down", list(FILES))
        got = {path: (tmp_path / "down" / path).read_bytes() for path in FILES}
        assert got == FILES

    def test_other_files_that_the_script_wrote_are_kept_below_work(
        self, runner: Runner, tmp_path: Path
    ) -> None:
        if not self.keeps_work:
            pytest.skip("keeps_work = False: the platform keeps only what is in outputs/ and logs/")
        text = (
            "import os\nos.makedirs('runs/deep')\n"
            "for path in ('model.pt', 'runs/deep/events', 'changed.txt'): open(path, 'w').write('written')\n"
            "open('outputs/model', 'w').close()\n"
        )
        done = runner.finish(text, files={"changed.txt": "original", "same.txt": "original"})
        listed = {file.path for file in done.run.files if file.path.startswith("work/")}
        assert listed == {"work/model.pt", "work/runs/deep/events", "work/changed.txt"}
        done.run.download(tmp_path / "down", sorted(listed))
        assert {(tmp_path / "down" / path).read_text() for path in listed} == {"written"}

    def test_other_files_are_listed_while_the_script_runs(self, runner: Runner) -> None:
        if not self.keeps_work:
            pytest.skip("keeps_work = False: the platform keeps only what is in outputs/ and logs/")
        run = runner.start("import time\nopen('early', 'w').close()\nprint('up')\ntime.sleep(300)")
        wait_for_output(run, b"up\n", self.patience_s)
        assert "work/early" in {file.path for file in run.files}

    def test_a_plan_says_if_other_files_are_not_kept(self, runner: Runner) -> None:
        if self.keeps_work:
            pytest.skip("keeps_work = True: other files are kept")
        runner.engine.plugins.add("recipe", "kit", runner.recipe(""))
        reasons = runner.engine.plan("kit", on=runner.name).stage("model").reasons
        assert any("outputs/" in reason for reason in reasons)

    keeps_work: bool = True
    """False if files that scripts write outside outputs/ and logs/ are lost, and the notes of the plan say so."""

    def test_files_of_the_source_are_not_listed(self, runner: Runner) -> None:
        done = runner.finish("import layers; open('outputs/a', 'w').close()", files={"layers.py": ""})
        listed = [file.path for file in done.run.files]
        assert not [path for path in listed if path.endswith(("train.py", "layers.py"))]

    def test_files_of_a_failed_run_are_kept(self, runner: Runner) -> None:
        done = runner.finish("open('outputs/last', 'w').write('1'); raise SystemExit(3)")
        assert "outputs/last" in {file.path for file in done.run.files}

    def test_files_are_listed_while_the_script_runs(self, runner: Runner) -> None:
        run = runner.start("import time\nopen('outputs/early', 'w').close()\nprint('up')\ntime.sleep(300)")
        wait_for_output(run, b"up\n", self.patience_s)
        assert "outputs/early" in {file.path for file in run.files}

    def test_a_file_that_does_not_exist_cannot_be_downloaded(self, runner: Runner, tmp_path: Path) -> None:
        done = runner.finish("")
        with pytest.raises(NotFoundError):
            done.run.download(tmp_path / "down", ["outputs/nothing"])

    def test_only_the_given_files_are_downloaded(self, runner: Runner, tmp_path: Path) -> None:
        done = runner.finish("for n in 'ab': open(f'outputs/{n}', 'w').write(n)")
        done.run.download(tmp_path / "down", ["outputs/b"])
        assert [path.name for path in (tmp_path / "down").rglob("*") if path.is_file()] == ["b"]


class StatusTests(PlatformSuite):
    """How a run ends, and what is known of it meanwhile."""

    @pytest.mark.parametrize("code", [0, 1, 7, 255])
    def test_the_exit_code_is_the_scripts(self, runner: Runner, code: int) -> None:
        done = runner.finish(f"raise SystemExit({code})")
        assert (done.status.exit_code, done.status.state) == (code, "Failed" if code else "Completed")

    def test_the_exit_code_after_a_signal_is_128_plus_its_number(self, runner: Runner) -> None:
        done = runner.finish("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
        assert (done.status.state, done.status.exit_code) == ("Failed", 137)

    def test_a_failed_run_has_a_reason_in_one_line(self, runner: Runner) -> None:
        reason = runner.finish("raise ValueError('no such column')").status.reason
        assert reason
        assert "\n" not in reason.strip()

    def test_the_end_is_seen_by_another_client(self, runner: Runner) -> None:
        done = runner.finish("raise SystemExit(4)")
        status = runner.find(done.run.id).status
        assert (status.state, status.exit_code) == ("Failed", 4)

    def test_times_are_in_order_and_have_a_time_zone(self, runner: Runner) -> None:
        status = runner.finish("import time; time.sleep(0.1)").status
        assert status.started
        assert status.ended
        started, ended = (datetime.fromisoformat(time) for time in (status.started, status.ended))
        assert started.tzinfo
        assert 0.05 <= (ended - started).total_seconds() < self.patience_s

    def test_states_go_forward_only(self, runner: Runner) -> None:
        states = []
        run = runner.start("print(1)")
        status = run.follow(
            lambda event: states.append(event.state) if isinstance(event, StateChanged) else None
        )
        places = [STATES.index(state) for state in states if state != "Queued"]
        assert status.state == "Completed"
        assert places == sorted(places)
        assert "Failed" not in states

    def test_the_status_of_an_unknown_run_is_not_found(self, tested: PlatformProxy) -> None:
        with pytest.raises(NotFoundError):
            tested.runs.observe(UNKNOWN)

    def test_a_time_limit_ends_the_script(self, runner: Runner) -> None:
        if not self.time_limits:
            pytest.skip("time_limits = False: the platform does not enforce time limits")
        done = runner.finish("import time; time.sleep(300)", target={"time_limit_s": 1.0})
        assert done.status.state in ("Failed", "Canceled")
        assert done.status.reason

    time_limits: bool = True
    """False if the platform does not enforce `time_limit_s`, and says so in the notes of the plan."""


def find_text(folder: Path, text: bytes) -> list[str]:
    """Return the files below a folder that contain the text."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return [str(path) for path in files if text in path.read_bytes()]
