"""Whatever is wrong with a policy stops each way to start a run, with its name."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.core.hooks.conftest import Install
from tests.recipes import Tiny

from dressage import DressageError, Engine
from dressage.engine.runs import Run

HOOK = "from dressage import hookimpl, ComputeTarget\n@hookimpl(wrapper=True)\n"
WAYS = {
    "raises on import": ("1 / 0", "failed in import: ZeroDivisionError"),
    "lacks a module": ("import not_there", "failed in import: ModuleNotFoundError"),
    "exits on import": ("raise SystemExit(0)", "failed in import: SystemExit"),
    "misspells a hook": (f"{HOOK}def compte():\n    return (yield)", "did you mean 'compute'?"),
    "takes a wrong argument": (f"{HOOK}def compute(usr):\n    return (yield)", "did you mean 'user'?"),
    "wraps nothing": (
        "from dressage import hookimpl, ComputeTarget\n@hookimpl\ndef compute(): return ComputeTarget(name='x')",
        "hook 'compute' would replace the answer; mark it with @hookimpl(wrapper=True)",
    ),
    "has no yield": (f"{HOOK}def compute(): return None", "hook 'compute' is marked wrapper=True but has no"),
    "yields twice": (f"{HOOK}def compute():\n    yield\n    yield", "failed in compute: RuntimeError"),
    "returns something else": (f"{HOOK}def compute():\n    yield\n    return 42", "returned 42, not a Comp"),
    "returns nothing": (f"{HOOK}def compute():\n    yield", "returned None; return what `yield` gave"),
    "raises": (f"{HOOK}def compute():\n    yield\n    raise KeyError('HOME')", "failed in compute: KeyError"),
    "raises before": (f"{HOOK}def compute():\n    {{}}['a']\n    return (yield)", "in compute: KeyError"),
    "exits": (f"{HOOK}def tags():\n    yield\n    raise SystemExit(0)", "failed in tags: SystemExit: 0"),
    "is from the future": ("DRESSAGE_CONTRACT = 2", "it is written for contract 2"),
    "states no number": ("DRESSAGE_CONTRACT = 'two'", "DRESSAGE_CONTRACT is 'two'"),
    "has two providers": ("", "policy 'house' is provided by"),
}


def plan(engine: Engine, _: Run) -> None:
    engine.plan("tiny")


def run(engine: Engine, _: Run) -> None:
    engine.run("tiny")


def resume(engine: Engine, failed_run: Run) -> None:
    engine.resume(failed_run.id)


DOORS = (plan, run, resume)


@pytest.fixture
def failed_run(engine: Engine, tiny: Tiny) -> Run:
    """A run that can be resumed."""
    (tiny.source / "train.py").write_text("raise SystemExit(5)")
    run = engine.run("tiny")
    run.wait(60)
    return run


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("way", WAYS)
def test_a_broken_policy_stops_it_and_is_named(
    way: str,
    door: Callable[[Engine, Run], None],
    failed_run: Run,
    tiny: Tiny,
    install: Install,
    project: Path,
):
    source, words = WAYS[way]
    install("policies", "house", source)
    if way == "has two providers":
        install("policies", "house", source, distribution="other")
    engine = Engine(project)
    engine.plugins.add("recipe", "tiny", tiny)
    before = failed_run.folder.journal.path.read_bytes()
    for _ in range(2):  # as a sweep does: the second call of an engine is no more lenient
        with pytest.raises(DressageError) as raised:
            door(engine, failed_run)
        assert "'house'" in str(raised.value)
        assert words in str(raised.value)
        assert "\n" not in str(raised.value)
    assert failed_run.folder.journal.path.read_bytes() == before
    assert len(list(engine.workspace.runs.iterdir())) == 1


def test_a_policy_that_is_repaired_judges_the_next_plan_of_the_same_engine(
    tiny: Tiny, engine: Engine, install: Install
):
    site = install("policies", "house", "1 / 0")
    with pytest.raises(DressageError, match="'house'"):
        engine.plan("tiny")
    (site / "lab_house.py").write_text(f"{HOOK}def tags():\n    return {{**(yield), 'judged': 'yes'}}\n")
    assert engine.plan("tiny").tags == {"judged": "yes"}
