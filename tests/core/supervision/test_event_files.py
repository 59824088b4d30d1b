"""What a script writes for TensorBoard becomes metrics of its run."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tensorboardX import SummaryWriter
from tests.clients import kill_supervisor
from tests.fixtures import Dressage, WriteScript
from tests.waiting import eventually

from dressage import Engine
from dressage.engine.runs import Run
from dressage.results.entries import MetricsLogged
from dressage.supervision.event_files.recording import record_event_files
from dressage.supervision.launch import Launch

WRITES = """
from tensorboardX import SummaryWriter
def write(folder, tag, values, first=0):
    writer = SummaryWriter(folder)
    for step, value in enumerate(values, first):
        writer.add_scalar(tag, value, step, walltime=1.5 + step)
    writer.close()
"""
WAITS = "import pathlib, time\nprint('written', flush=True)\nwhile True: time.sleep(0.02)\n"
DIES = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n"
DIES_AT_LINE = """
import os, signal, sys
from pathlib import Path
from dressage.records.journal import Journal
from dressage.records.run_folder import RunFolder
from dressage.supervision.event_files.recording import record_event_files
from dressage.results.entries import MetricsLogged
from dressage.supervision.launch import Launch
lines, write = [], Journal._write
def die_before(journal, event, fields, **how):
    lines.append(event)
    if len(lines) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    write(journal, event, fields, **how)
Journal._write = die_before
folder = RunFolder(Path(sys.argv[1]))
record_event_files(folder, Launch.read(folder.launch), 1)
"""


def run_script(engine: Engine, script: WriteScript, text: str, **options: Any) -> Run:
    """Run a script to its end."""
    run = engine.run("script", set={"path": str(script(WRITES + text))}, **options)
    run.wait(60)
    return run


def values(run: Run, name: str) -> list[tuple[int, float]]:
    """Return the steps and values of a metric."""
    return [(point.step, point.value) for point in run.tracked.metrics[name]]


def wait_for_output(run: Run) -> None:
    eventually(lambda: b"written" in b"".join(run.logs()))


def write_many(folder: Path) -> None:
    """Write 2500 values, which take three lines of a journal, to two folders."""
    for name, count in (("a", 2300), ("b", 200)):
        writer = SummaryWriter(str(folder / name))
        for step in range(count):
            writer.add_scalar("loss", step / 2, step)
        writer.close()


@pytest.mark.parametrize("folder", ["outputs", "logs", "runs", "lightning_logs/version_0"])
def test_scalars_are_recorded(engine: Engine, script: WriteScript, folder: str):
    run = run_script(engine, script, f"write('{folder}', 'loss', [0.5, 0.25])")
    assert values(run, "loss") == [(0, 0.5), (1, 0.25)]


def test_scalars_keep_their_times(engine: Engine, script: WriteScript):
    run = run_script(engine, script, "write('runs', 'loss', [0.5, 0.25])")
    assert [point.timestamp for point in run.tracked.metrics["loss"]] == [1500, 2500]


def test_negative_steps_and_infinite_values_are_recorded(engine: Engine, script: WriteScript):
    run = run_script(engine, script, "write('runs', 'loss', [float('inf')], first=-3)")
    assert values(run, "loss") == [(-3, float("inf"))]


def test_tensors_of_one_number_are_recorded(engine: Engine, script: WriteScript):
    text = """
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboardX.proto.tensor_pb2 import TensorProto
writer = SummaryWriter("logs")
scalars = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="scalars"))
for step in range(2):
    value = Summary.Value(tag="loss", tensor=TensorProto(dtype=1, float_val=[step + 0.5]))
    if not step:
        value.metadata.CopyFrom(scalars)
    writer.file_writer.event_writer.add_event(Event(step=step, summary=Summary(value=[value])))
writer.close()
"""
    assert values(run_script(engine, script, text), "loss") == [(0, 0.5), (1, 1.5)]


def test_only_scalars_are_recorded(engine: Engine, script: WriteScript):
    text = "w = SummaryWriter('runs'); w.add_histogram('h', [1, 2], 0); w.add_text('t', 'x', 0); w.close()"
    assert run_script(engine, script, text).tracked.metrics == {}


def test_one_folder_adds_nothing_to_the_names(engine: Engine, script: WriteScript):
    text = "w = SummaryWriter('runs/today'); w.add_scalar('loss', 1); w.add_scalar('accuracy', 2); w.close()"
    assert set(run_script(engine, script, text).tracked.metrics) == {"loss", "accuracy"}


def test_several_folders_name_their_metrics(engine: Engine, script: WriteScript):
    text = "write('logs/fit/1/train', 'loss', [1])\nwrite('logs/fit/1/validation', 'loss', [2])"
    assert run_script(engine, script, text).tracked.latest() == {"train/loss": 1, "validation/loss": 2}


def test_a_folder_above_others_adds_nothing_to_its_names(engine: Engine, script: WriteScript):
    text = "write('runs', 'loss', [1])\nwrite('runs/test', 'loss', [2])"
    assert run_script(engine, script, text).tracked.latest() == {"loss": 1, "test/loss": 2}


def test_folders_with_nothing_in_common_are_named_in_full(engine: Engine, script: WriteScript):
    text = "write('runs/a', 'loss', [1])\nwrite('logs', 'loss', [2])"
    assert run_script(engine, script, text).tracked.latest() == {"runs/a/loss": 1, "logs/loss": 2}


def test_characters_that_mlflow_refuses_are_replaced(engine: Engine, script: WriteScript):
    text = """
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary
writer = SummaryWriter("logs")
event = Event(summary=Summary(value=[Summary.Value(tag="/top@5//val", simple_value=1)]))
writer.file_writer.event_writer.add_event(event)
writer.close()
"""
    assert set(run_script(engine, script, text).tracked.metrics) == {"top_5/val"}


def test_what_the_script_logged_with_mlflow_wins(engine: Engine, script: WriteScript):
    text = "import mlflow\nmlflow.log_metric('loss', 0.1, step=7)\nwrite('runs', 'loss', [5, 6])"
    assert values(run_script(engine, script, text), "loss") == [(7, 0.1)]


def test_other_metrics_are_recorded_beside_those_of_mlflow(engine: Engine, script: WriteScript):
    text = "import mlflow\nmlflow.log_metric('loss', 0.1)\nwrite('runs', 'accuracy', [1])"
    assert set(run_script(engine, script, text).tracked.metrics) == {"loss", "accuracy"}


def test_files_of_the_source_directory_are_not_recorded(engine: Engine, script: WriteScript):
    """They are of earlier runs without dressage."""
    path = script(WRITES + "write('runs/new', 'loss', [2])")
    writer = SummaryWriter(str(path.parent / "runs" / "old"))
    writer.add_scalar("loss", 1, 0)
    writer.close()
    run = engine.run("script", set={"path": str(path)})
    run.wait(60)
    assert run.tracked.latest() == {"loss": 2}


def test_files_elsewhere_are_not_recorded(engine: Engine, script: WriteScript):
    assert run_script(engine, script, "write('results', 'loss', [1])").tracked.metrics == {}


def test_a_failed_run_keeps_its_metrics(engine: Engine, script: WriteScript):
    run = run_script(engine, script, "write('runs', 'loss', [1])\nraise SystemExit(3)")
    assert (run.status.state, values(run, "loss")) == ("Failed", [(0, 1.0)])


def test_a_canceled_run_keeps_its_metrics(engine: Engine, script: WriteScript):
    run = engine.run("script", set={"path": str(script(WRITES + "write('runs', 'loss', [1])\n" + WAITS))})
    wait_for_output(run)
    run.cancel()
    assert (run.wait(60).state, values(run, "loss")) == ("Canceled", [(0, 1.0)])


def test_the_metrics_are_recorded_before_the_end(engine: Engine, script: WriteScript):
    run = run_script(engine, script, "write('runs', 'loss', [1])")
    assert [event.event for event in run.folder.journal.events()][-2:] == ["metrics", "state"]


RESUMES = """
import pathlib
mark = pathlib.Path("outputs/mark")
if mark.exists():
    write("runs/b", "loss", [10, 20], first=1)
else:
    mark.touch()
    write("runs/a", "loss", [1, 2, 3])
"""


def test_a_later_attempt_continues_the_metrics(engine: Engine, script: WriteScript):
    """It repeats steps 1 and 2, so its values replace those of the first attempt."""
    run = run_script(engine, script, RESUMES + "    " + DIES, retries=1)
    assert run.status.state == "Completed"
    assert values(run, "loss") == [(0, 1.0), (1, 10.0), (2, 20.0)]


def test_an_attempt_whose_supervisor_was_killed_keeps_its_metrics(engine: Engine, script: WriteScript):
    text = WRITES + RESUMES + "    print('written', flush=True)\n    import time\n    time.sleep(60)\n"
    run = engine.run("script", set={"path": str(script(text))})
    wait_for_output(run)
    kill_supervisor(run)
    assert run.wait(60).state == "Failed"
    run = engine.resume(run.id)
    assert run.wait(60).state == "Completed"
    assert values(run, "loss") == [(0, 1.0), (1, 10.0), (2, 20.0)]


def test_a_run_that_nobody_resumes_keeps_its_metrics(engine: Engine, script: WriteScript):
    """Its script may still be running when the run's end is recorded."""
    text = "write('runs', 'loss', [1])\nimport os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n"
    run = run_script(engine, script, text)
    assert (run.status.state, values(run, "loss")) == ("Failed", [(0, 1.0)])


@pytest.mark.parametrize("line", [1, 2, 3, 4])
def test_a_reader_that_is_killed_at_any_line_leaves_nothing_doubled(
    engine: Engine, script: WriteScript, line: int
):
    run = run_script(engine, script, "")
    write_many(run.folder.work / "logs")
    killed = subprocess.run([sys.executable, "-c", DIES_AT_LINE, str(run.path), str(line)], check=False)
    assert killed.returncode == -signal.SIGKILL
    record_event_files(run.folder, Launch.read(run.folder.launch), 1)
    record_event_files(run.folder, Launch.read(run.folder.launch), 1)
    assert values(run, "a/loss") == [(step, step / 2) for step in range(2300)]
    assert values(run, "b/loss") == [(step, step / 2) for step in range(200)]
    items = [event.items for event in run.folder.journal.events() if isinstance(event, MetricsLogged)]
    assert sum(map(len, items)) == 2500


def test_a_file_that_is_still_written_is_continued_later(engine: Engine, script: WriteScript):
    """The supervisor is killed, and the script writes half an event before the run's end is recorded."""
    text = """
import os, pathlib, signal, sys, time
write("runs", "loss", [1, 2, 3])
(file,) = pathlib.Path("runs").iterdir()
data = file.read_bytes()
file.write_bytes(data[:-9])
os.kill(os.getppid(), signal.SIGKILL)
while not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.02)
file.open("ab").write(data[-9:])
"""
    proceed = engine.directory / "proceed"
    run = engine.run("script", set={"path": str(script(WRITES + text)), "arguments": str(proceed)})
    assert run.wait(60).state == "Failed"
    assert values(run, "loss") == [(0, 1.0), (1, 2.0)]
    proceed.touch()
    eventually(lambda: not run.has_leftover)
    record_event_files(run.folder, Launch.read(run.folder.launch), 1)
    assert values(run, "loss") == [(0, 1.0), (1, 2.0), (2, 3.0)]


CUTS = """
import os, pathlib
write("runs", "loss", [1, 2, 3])
(file,) = pathlib.Path("runs").iterdir()
"""


def test_an_incomplete_file_costs_its_last_event_only(engine: Engine, script: WriteScript):
    run = run_script(engine, script, CUTS + "os.truncate(file, file.stat().st_size - 1)")
    assert (run.status.state, values(run, "loss")) == ("Completed", [(0, 1.0), (1, 2.0)])


def test_a_damaged_file_is_read_up_to_the_damage(engine: Engine, script: WriteScript):
    text = CUTS + "data = bytearray(file.read_bytes()); data[-6] ^= 1; file.write_bytes(data)"
    assert values(run_script(engine, script, text), "loss") == [(0, 1.0), (1, 2.0)]


def test_show_says_what_is_damaged(engine: Engine, script: WriteScript, dressage: Dressage):
    run_script(engine, script, CUTS + "os.truncate(file, file.stat().st_size - 1)")
    shown = dressage("runs", "show", "latest").stdout
    assert "warning: cannot read all of runs/events.out.tfevents." in shown


@pytest.mark.parametrize("content", [b"", b"x", b"not an event file, but named like one", bytes(200)])
def test_any_other_content_does_not_fail_the_run(engine: Engine, script: WriteScript, content: bytes):
    text = f"import pathlib\npathlib.Path('logs/tfevents').write_bytes({content!r})"
    assert run_script(engine, script, text).status.state == "Completed"


def test_a_run_without_event_files_locks_and_writes_nothing_for_them(engine: Engine, script: WriteScript):
    run = run_script(engine, script, "")
    assert not run.folder.lock("metrics").exists()
    assert "metrics" not in {event.event for event in run.folder.journal.events()}
