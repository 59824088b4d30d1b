"""Observers are informed of everything that happens to a run, by a process that is not the client."""

import json
import random
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.clients import kill_supervisor, start_and_hold
from tests.core.delivery.conftest import Observers, delivering_processes, kill_delivery
from tests.fixtures import Dressage, WriteScript
from tests.recipes import Tiny
from tests.waiting import eventually

from dressage import Engine, SettingsError
from dressage.delivery.messages import Call
from dressage.delivery.receivers import Receiver, ReceiverError
from dressage.delivery.registration import Origin
from dressage.files.encoding import to_json
from dressage.results.notices import StateChange

RECORDS = """
import mlflow
with mlflow.start_run():
    mlflow.log_param("rate", 0.5)
    mlflow.set_tag("team", "vision")
    for step in range({steps}):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
"""


def tiny_engine(project: Path) -> Engine:
    """Return an engine that reads the settings file as it is now, with the small recipe."""
    engine = Engine(project)
    engine.plugins.add("recipe", "tiny", Tiny(project))
    return engine


def test_an_observer_is_informed_of_a_detached_run_from_its_creation_to_its_end(
    project: Path, observers: Observers, dressage: Dressage, script: WriteScript
):
    observers.add()
    path = script(RECORDS.format(steps=3))
    assert dressage("run", "-d", str(path), "--tag", "a=b", "--name", "first").returncode == 0
    calls = observers.wait_for_end()
    assert [call["hook"] for call in calls] == [
        "run_created",
        *["stage_finished"] * 2,
        "run_state_changed",
        "tags_changed",
        "parameters_logged",
        "tags_changed",
        *["metrics_logged"] * 3,
        *["run_state_changed"] * 2,
        "run_finished",
    ]
    assert (calls[0]["name"], calls[0]["tags"]) == ("first", {"a": "b"})
    assert [call["state"] for call in calls if call["hook"] == "run_state_changed"] == [
        "Running",
        "Finalizing",
        "Completed",
    ]
    end = calls[-1]
    assert (end["state"], end["exit_code"], end["metrics"]) == ("Completed", 0, {"loss": 1 / 3})


def test_each_event_has_an_id_of_its_own_that_starts_with_the_run(
    project: Path, observers: Observers, tiny: Tiny
):
    observers.add()
    run = tiny_engine(project).run("tiny")
    run.wait(60)
    ids = [call["event_id"] for call in observers.wait_for_end()]
    assert len(set(ids)) == len(ids)
    assert all(event_id.startswith(f"{run.id}:") for event_id in ids)


def test_the_model_of_a_run_is_in_its_last_event(project: Path, observers: Observers, tiny: Tiny):
    observers.add()
    tiny_engine(project).run("tiny").wait(60)
    assert observers.wait_for_end()[-1]["model"] == "tiny:1"


def test_without_observers_the_workspace_has_no_folder_for_them(project: Path, engine: Engine, tiny: Tiny):
    engine.run("tiny").wait(60)
    assert not (project / ".dressage" / "observers").exists()
    assert not (project / ".dressage" / "observers.log").exists()


def test_the_process_ends_when_everything_is_delivered(project: Path, observers: Observers, tiny: Tiny):
    observers.add()
    tiny_engine(project).run("tiny").wait(60)
    observers.wait_for_end()
    eventually(lambda: not observers.is_delivering)
    assert not list((project / ".dressage" / "observers" / "pending").iterdir())


def test_a_workspace_has_one_delivering_process_for_many_runs(
    project: Path, observers: Observers, tiny: Tiny
):
    observers.add()
    engine = tiny_engine(project)
    for number in range(5):
        engine.run("tiny", set={"rate": str(number)})
    assert len(delivering_processes(project)) == 1
    observers.wait_for_end(runs=5)


def test_a_resumed_run_continues_with_its_next_event(project: Path, observers: Observers, tiny: Tiny):
    observers.add()
    engine = tiny_engine(project)
    run, hold = start_and_hold(engine, project)
    kill_supervisor(run)
    eventually(lambda: run.status.has_ended)
    hold.unlink()
    engine.resume(run.id).wait(60)
    eventually(lambda: observers.hooks().count("run_finished") == 2)
    ends = [call for call in observers.calls() if call["hook"] == "run_finished"]
    assert [(end["state"], end["attempt"], end["interrupted"]) for end in ends] == [
        ("Failed", 1, True),
        ("Completed", 2, False),
    ]
    assert observers.hooks().count("run_created") == 1


def test_what_an_observer_prints_is_in_its_log_and_not_on_stdout(
    project: Path, observers: Observers, dressage: Dressage, script: WriteScript
):
    observers.add(before="print('clang', hook); os.system('echo from a child')")
    ran = dressage("run", str(script("print('training')")))
    assert "clang" not in ran.stdout + ran.stderr
    observers.wait_for_end()
    assert "clang run_finished" in observers.log
    assert "from a child" in observers.log


@pytest.mark.parametrize(
    "before",
    [
        "1 / 0",
        pytest.param("os._exit(3)", marks=pytest.mark.slow),
        pytest.param("sys.exit(3)", marks=pytest.mark.slow),
    ],
)
def test_an_event_that_an_observer_breaks_on_is_given_up_after_five_tries(
    before: str, project: Path, observers: Observers, tiny: Tiny, dressage: Dressage
):
    observers.add(before=f"hook == 'stage_finished' and event.stage == 'dataset' and ({before})")
    run = tiny_engine(project).run("tiny")
    assert run.wait(60).state == "Completed"
    calls = observers.wait_for_end()
    assert [call["stage"] for call in calls if call["hook"] == "stage_finished"] == [
        "compute",
        "environment",
        "model",
    ]
    assert observers.log.count("observer 'recorder': stage_finished") == 5
    (status,) = (status for status in Engine(project).plugin_statuses() if status.name == "recorder")
    assert "gave up 1 event(s)" in (status.note or "")
    warning = "warning: observer 'recorder' did not get 1 event(s) of this run; see observers.log"
    assert warning in dressage("runs", "show", "latest").stdout


def test_an_event_that_an_observer_ignores_does_not_show_that_its_receiver_answers(
    project: Path, observers: Observers, tiny: Tiny
):
    down = project / "down"
    down.touch()
    is_refused = f"hook == 'run_finished' and Path({str(down)!r}).exists()"
    observers.add(before=f"if {is_refused}: raise UnreachableError('observer', 'it is down')")
    engine = tiny_engine(project)
    engine.run("tiny").wait(60)
    eventually(lambda: "events wait: it is down" in observers.log)
    engine.run("tiny", again=True).wait(60)
    eventually(lambda: observers.hooks().count("run_created") == 2)
    assert "events are delivered again" not in observers.log
    down.unlink()
    observers.wait_for_end(runs=2)
    eventually(lambda: "events are delivered again" in observers.log)


def test_an_observer_that_hangs_delays_no_other(project: Path, observers: Observers, tiny: Tiny):
    observers.add("stuck", before="time.sleep(1000)")
    observers.add("recorder")
    run = tiny_engine(project).run("tiny")
    assert run.wait(60).state == "Completed"
    observers.wait_for_end("recorder")
    assert observers.calls("stuck") == []


def test_an_unreachable_receiver_gets_all_events_later_in_order(
    project: Path, observers: Observers, tiny: Tiny
):
    down = project / "down"
    down.touch()
    observers.add(before=f"if Path({str(down)!r}).exists(): raise UnreachableError('observer', 'it is down')")
    tiny_engine(project).run("tiny").wait(60)
    eventually(lambda: "events wait: it is down" in observers.log)
    (status,) = (status for status in Engine(project).plugin_statuses() if status.name == "recorder")
    assert "it is down" in (status.error or "")
    down.unlink()
    calls = observers.wait_for_end()
    assert calls[0]["hook"] == "run_created"
    eventually(lambda: "events are delivered again" in observers.log)


def test_an_observer_that_cannot_be_loaded_gets_its_events_when_it_is_repaired(
    project: Path, observers: Observers, tiny: Tiny, caplog: pytest.LogCaptureFixture
):
    observers.add(more="1 / 0")
    assert tiny_engine(project).run("tiny").wait(60).state == "Completed"
    assert "observer 'recorder' cannot be used" in caplog.text
    eventually(lambda: "division by zero" in observers.log)
    source = project / "recorder.py"
    source.write_text(source.read_text().replace("1 / 0", ""))
    assert observers.wait_for_end()[0]["hook"] == "run_created"


OPTIONS = """
from dataclasses import dataclass
from typing import Literal
from dressage import setting

@dataclass(frozen=True, kw_only=True)
class Options:
    token_env: str | None = setting(None, help="variable with the token")
    colours: tuple[Literal["red", "blue"], ...] = setting(("red",), help="colours")

@hookimpl
def options():
    return Options

@hookimpl
def secrets(options):
    write("secrets", {"token_env": options.token_env, "colours": options.colours})
    return filter(None, [options.token_env])

@hookimpl
def enabled(options):
    return options.colours != ()
"""


def test_a_wrong_option_is_a_warning_and_the_events_wait_until_it_is_corrected(
    project: Path, observers: Observers, tiny: Tiny, caplog: pytest.LogCaptureFixture
):
    observers.add(more=OPTIONS, table='[observers.recorder]\ncolours = ["green"]\n')
    assert tiny_engine(project).run("tiny").wait(60).state == "Completed"
    message = "observer 'recorder': option colours is ['green']; give one of red, blue"
    assert message in caplog.text
    (status,) = (status for status in Engine(project).plugin_statuses() if status.name == "recorder")
    assert message in (status.error or "")
    settings = project / "dressage.toml"
    settings.write_text(settings.read_text().replace("green", "blue"))
    assert observers.wait_for_end()[-1]["hook"] == "run_finished"


def test_an_observer_that_is_not_enabled_is_not_called(project: Path, observers: Observers, tiny: Tiny):
    observers.add(more=OPTIONS, table="[observers.recorder]\ncolours = []\n")
    tiny_engine(project).run("tiny").wait(60)
    assert not (project / ".dressage" / "observers").exists()
    (status,) = (status for status in Engine(project).plugin_statuses() if status.name == "recorder")
    assert status.note == "not enabled"


def test_a_disabled_observer_is_not_called(
    project: Path, observers: Observers, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
):
    observers.add()
    monkeypatch.setenv("DRESSAGE_PLUGINS_DISABLED", "recorder")
    tiny_engine(project).run("tiny").wait(60)
    assert not (project / ".dressage" / "observers").exists()


def test_events_wait_for_a_process_that_has_the_secret(
    project: Path, observers: Observers, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
):
    observers.add(more=OPTIONS, table='[observers.recorder]\ntoken_env = "BELL_TOKEN"\n')
    run, hold = start_and_hold(tiny_engine(project), project)
    eventually(lambda: "it needs the variable BELL_TOKEN" in observers.log)
    assert not {"run_created", "stage_finished"} & set(observers.hooks())
    monkeypatch.setenv("BELL_TOKEN", "s3cret")
    Engine(project).runs()  # any command
    eventually(lambda: "run_created" in observers.hooks())
    hold.unlink()
    assert run.wait(60).state == "Completed"
    observers.wait_for_end()
    assert "s3cret" not in observers.log


def test_a_new_run_replaces_a_delivery_that_lacks_its_secret(
    project: Path, observers: Observers, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
):
    observers.add(more=OPTIONS, table='[observers.recorder]\ntoken_env = "BELL_TOKEN"\n')
    run, hold = start_and_hold(tiny_engine(project), project)
    eventually((project / ".dressage" / "observers" / "missing.json").exists)
    monkeypatch.setenv("BELL_TOKEN", "s3cret")
    tiny_engine(project).run("tiny", again=True).detach()
    eventually(lambda: "run_created" in observers.hooks())
    hold.unlink()
    assert run.wait(60).state == "Completed"


def test_an_object_cannot_be_an_observer(engine: Engine):
    with pytest.raises(SettingsError, match=r"observer 'bell' cannot be an object: another process calls it"):
        engine.plugins.add("observer", "bell", object())


def test_an_observer_in_a_file_is_listed_as_one(project: Path, observers: Observers):
    observers.add()
    (status,) = (status for status in Engine(project).plugin_statuses() if status.name == "recorder")
    assert (status.kind, status.contract, status.error) == ("observer", 1, None)


def test_an_observer_without_a_hook_for_events_is_an_error(project: Path, observers: Observers):
    (project / "bell.py").write_text(
        "from dressage import hookimpl\n@hookimpl\ndef run_finishd(event): ...\n"
    )
    (project / "dressage.toml").write_text('plugins = ["bell.py"]\n')
    (status,) = (status for status in Engine(project).plugin_statuses() if status.name == "bell")
    assert "its hooks do not show what kind of plugin it is" in (status.error or "")


def test_a_killed_process_is_replaced_and_each_event_arrives_in_order(
    project: Path, observers: Observers, tiny: Tiny
):
    """It is killed at random moments, while two runs write events as the tracking endpoint does."""
    observers.add()
    engine, chance, kills = tiny_engine(project), random.Random(7), 0
    runs = [engine.run("tiny", set={"rate": str(number)}) for number in range(2)]
    for run in runs:
        run.wait(60)
        run.folder.resume(2)
    for step in range(200):
        for run in runs:
            item = {"key": "loss", "value": step / 7, "step": step, "timestamp": step}
            run.folder.journal.append("metrics", attempt=2, items=[item])
        if step % 20 == 0:
            run.folder.enter(2, "Running", reason=f"step {step}")  # starts the process, if it was killed
            time.sleep(chance.random() * 0.3)
            kills += kill_delivery(project)
    for run in runs:
        run.folder.enter(2, "Completed")
    assert kills >= 5
    eventually(lambda: restart_until(project, lambda: observers.hooks().count("run_finished") >= 4))
    for run in runs:
        seen = [call for call in observers.calls() if call["run_id"] == run.id]
        firsts = list({call["event_id"]: call for call in seen}.values())
        offsets = [int(call["event_id"].rpartition(":")[2].partition("-")[0]) for call in firsts]
        assert offsets == sorted(offsets)
        steps = [call["metrics"][0]["step"] for call in firsts if call["hook"] == "metrics_logged"]
        assert steps == list(range(200))
        assert firsts[-1]["hook"] == "run_finished"


def restart_until(project: Path, condition: Callable[[], bool]) -> bool:
    """Run a command, which starts the delivering process if it was killed; return whether the condition holds."""
    Engine(project).runs()
    return condition()


def test_a_table_of_an_observer_that_is_not_installed_is_an_error(project: Path, observers: Observers):
    observers.add(table='[observers.recordr]\ncolour = "red"\n')
    (status,) = (status for status in Engine(project).plugin_statuses() if status.name == "recordr")
    assert "no observer named 'recordr'; did you mean 'recorder'?" in (status.error or "")


def test_an_observer_that_is_disabled_after_the_start_of_a_run_lets_the_process_end(
    project: Path, observers: Observers, tiny: Tiny
):
    observers.add(before="raise UnreachableError('observer', 'it is down')")
    tiny_engine(project).run("tiny").wait(60)
    eventually(lambda: "it is down" in observers.log)
    settings = project / "dressage.toml"
    settings.write_text(settings.read_text().replace("[plugins]", '[plugins]\ndisabled = ["recorder"]'))
    kill_delivery(project)
    Engine(project).runs()
    eventually(lambda: "not delivered, because the observer is now disabled" in observers.log)
    eventually(lambda: not observers.is_delivering)
    assert observers.log.count("not delivered") == 1


def test_the_interpreter_of_a_run_may_be_gone_when_its_events_are_delivered(
    project: Path, observers: Observers, tiny: Tiny
):
    down = project / "down"
    down.touch()
    observers.add(before=f"if Path({str(down)!r}).exists(): raise UnreachableError('observer', 'it is down')")
    run = tiny_engine(project).run("tiny")
    run.wait(60)
    eventually(lambda: "it is down" in observers.log)
    kill_delivery(project)
    registered = json.loads(run.folder.observers.read_text())
    registered["observers"]["recorder"]["python"] = str(project / "gone" / "python")
    run.folder.observers.write_text(json.dumps(registered))
    down.unlink()
    Engine(project).runs()
    observers.wait_for_end()


def test_options_of_observers_are_shown_with_their_file(
    project: Path, observers: Observers, dressage: Dressage
):
    observers.add(more=OPTIONS, table='[observers.recorder]\ncolours = ["blue"]\n')
    shown = dressage("config").stdout
    assert re.search(r"^observers\.recorder\.colours +blue +.*dressage\.toml$", shown, re.MULTILINE)


def test_a_call_that_does_not_return_is_ended_with_its_process(project: Path, observers: Observers):
    observers.add(before="time.sleep(1000)")
    (project / ".dressage").mkdir()
    origin = Origin(directory=str(project), python=sys.executable, path=tuple(filter(None, sys.path)))
    log = project / "log"
    receiver = Receiver("recorder", origin, project / ".dressage", log, limit_s=0.2)
    notice = StateChange(
        event_id="a:1",
        run_id="a",
        recipe="a",
        experiment="a",
        platform="local",
        attempt=1,
        time="2026-11-29T09:00:00Z",
        state="Running",
    )
    with pytest.raises(ReceiverError, match=r"has not returned from run_state_changed within 0\.2 s"):
        receiver.call(Call(hook="run_state_changed", notice=to_json(notice)))
    receiver.close()
