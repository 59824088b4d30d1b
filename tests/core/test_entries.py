"""What the lines of journals may be: those of earlier versions, of later ones, and damaged ones."""

import json
import math
from typing import Any, get_args

import pytest

from dressage.records.journal import line_of
from dressage.results.entries import (
    BatchLogged,
    KnownEntry,
    MetricsLogged,
    ParamsLogged,
    RunDetached,
    StateEntered,
    UnknownEntry,
    UnreadableEntry,
    read_entry,
)

TIME = "2026-11-24T15:37:33.182Z"
GOLDEN = """
{"time":"T","event":"run.created","request":{"run_id":"tiny-1","recipe":"tiny"},"judgement":{"before":{}}}
{"time":"T","event":"run.created","request":{"run_id":"tiny-1","recipe":"tiny"}}
{"time":"T","event":"run.judged","request":{},"judgement":{}}
{"time":"T","event":"stage.started","stage":"dataset","name":"rows"}
{"time":"T","event":"stage.finished","stage":"dataset","handle":{"name":"rows","version":1,"digest":"0"},"name":"rows"}
{"time":"T","event":"stage.finished","stage":"environment","handle":{"name":"env","key":"3f2a"}}
{"time":"T","event":"stage.finished","stage":"model","handle":{"name":"m","version":1,"digest":"0","files":[]}}
{"time":"T","event":"stage.finished","stage":"model","handle":null}
{"time":"T","event":"run.submitting","attempt":1}
{"time":"T","event":"run.submitted","attempt":1}
{"time":"T","event":"run.supervised","attempt":1,"process":4711}
{"time":"T","event":"script.started","attempt":1,"group":4712}
{"time":"T","event":"run.detached"}
{"time":"T","event":"run.adopted"}
{"time":"T","event":"run.adopted","created":"T"}
{"time":"T","event":"run.resumed","attempt":2,"retry":true}
{"time":"T","event":"environment.lost","attempt":2}
{"time":"T","event":"files.left_out","attempt":1,"items":[{"path":"outputs/a","problem":"a pipe"}]}
{"time":"T","event":"state","state":"Running","attempt":1}
{"time":"T","event":"state","state":"Failed","attempt":1,"exit_code":5,"reason":"r","ended":"T","after":3}
{"time":"T","event":"metrics","attempt":1,"items":[{"key":"a","value":1,"step":0,"timestamp":1700000000000}]}
{"time":"T","event":"metrics","attempt":1,"items":[],"file":"logs/a","end":120,"problem":"cut off"}
{"time":"T","event":"params","attempt":1,"run":"f00","items":[{"key":"rate","value":"0.1"}]}
{"time":"T","event":"tags","attempt":1,"items":[{"key":"a","value":null},{"key":"b","value":"c"}]}
{"time":"T","event":"inputs","attempt":1,"items":[{"name":"d","digest":"0","source_type":"","tags":{}}],"models":[]}
{"time":"T","event":"outputs","attempt":1,"items":[{"model_id":"m-1","step":0}]}
{"time":"T","event":"batch","attempt":1,"parts":[{"event":"metrics","items":[]},{"event":"params","items":[]}]}
{"time":"T","event":"tracking.run","attempt":1,"run":"f00","name":"child","user":"","started_ms":1}
{"time":"T","event":"tracking.status","attempt":1,"status":"RUNNING","deleted":false,"run_name":"n","end_time":null}
{"time":"T","event":"tracking.experiment","attempt":1,"experiment_id":"1","name":"e","created_ms":1,"tags":[]}
{"time":"T","event":"tracking.model","attempt":1,"model_id":"m-1","name":"m","params":{},"tags":{},"model_type":null}
{"time":"T","event":"tracking.model_changed","attempt":1,"model_id":"m-1","updated_ms":2,"status":"READY"}
{"time":"T","event":"tracking.registered","attempt":1,"name":"m","version":1,"model_id":null}
{"time":"T","event":"tracking.trace","attempt":1,"trace_id":"tr-1"}
{"time":"T","event":"tracking.trace_deleted","attempt":1,"trace_id":"tr-1"}
{"time":"T","event":"tracking.refused","attempt":1,"request":"POST x","count":1,"message":""}
""".replace('"T"', f'"{TIME}"').strip()


@pytest.mark.parametrize("line", GOLDEN.splitlines())
def test_lines_of_earlier_versions_can_be_read(line: str):
    entry = read_entry(line.encode())
    assert (entry.event, entry.time) == (json.loads(line)["event"], TIME)


def test_each_kind_of_entry_has_a_line_here():
    written = {json.loads(line)["event"] for line in GOLDEN.splitlines()}
    assert written == {kind.__struct_config__.tag for kind in get_args(KnownEntry)}


def event(**fields: Any) -> bytes:
    return line_of({"time": TIME, **fields})


DAMAGED = {
    "not JSON": (b'{"event":"run.deta\n', "it is not JSON"),
    "not an object": (b"[]\n", "it is not an event"),
    "no event": (event(no="event"), "it is not an event"),
    "a number as event": (event(event=5), "it is not an event"),
    "too deep": (b"[" * 100_000 + b"]" * 100_000 + b"\n", "it is not JSON"),
    "a missing field": (event(event="run.submitted"), "missing required field `attempt`"),
    "a wrong type": (event(event="run.resumed", attempt="two"), "Expected `int`, got `str` - at `$.attempt`"),
    "attempt 0": (event(event="run.submitted", attempt=0), "Expected `int` >= 1"),
    "an unknown state": (event(event="state", state="Weird"), "Invalid enum value 'Weird'"),
    "a wrong time": (event(event="state", state="Failed", time="now"), "$.time"),
    "a model without a version": (
        event(event="stage.finished", stage="model", handle={"name": "m"}),
        "version",
    ),
    "a part without items": (event(event="batch", parts=[{"event": "metrics"}]), "$.parts[0]"),
    "a part that is no event": (event(event="batch", parts=[5]), "$.parts[0]"),
    "not UTF-8": (b'{"event":"run.detached","time":"\xff"}\n', "it is not JSON"),
}


@pytest.mark.parametrize(("line", "problem"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_line_says_what_is_wrong(line: bytes, problem: str):
    entry = read_entry(line)
    assert isinstance(entry, UnreadableEntry)
    assert problem in entry.problem
    assert "\n" not in entry.problem


def test_an_event_of_a_later_version_is_no_damage():
    assert read_entry(event(event="run.paused", until="tomorrow")) == UnknownEntry()


def test_a_field_of_a_later_version_is_ignored():
    assert read_entry(event(event="run.detached", why="Ctrl-C")) == RunDetached(time=TIME)


def test_the_known_parts_of_a_later_version_are_read():
    parts = [{"event": "colours", "items": []}, {"event": "params", "items": []}]
    assert read_entry(event(event="batch", parts=parts)) == BatchLogged(
        time=TIME, parts=(ParamsLogged(items=()),)
    )


def test_values_that_only_python_takes_for_json_are_read():
    items = [{"key": key, "value": value} for key, value in {"a": math.nan, "b": -math.inf}.items()]
    entry = read_entry(event(event="metrics", items=items))
    assert isinstance(entry, MetricsLogged)
    assert [repr(item.value) for item in entry.items] == ["nan", "-inf"]


def test_names_that_are_not_utf_8_are_read():
    entry = read_entry(event(event="state", state="Failed", reason="no file 'a\udcff'"))
    assert isinstance(entry, StateEntered)
    assert entry.reason == "no file 'a\udcff'"
