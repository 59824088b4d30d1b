"""What a platform is and returns is checked at once, down to the fields, in its name."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dressage import ComputeTarget, Engine, PluginError, hookimpl
from dressage.hooks.proxy import PlatformProxy
from dressage.platforms.protocols import Progress, Waits
from dressage.results.plans import StagePlan
from dressage.results.statuses import RunStatus
from dressage.results.versions import ComputeHandle, File
from tests.recipes import Tiny

RUNS = ("submit", "observe", "logs", "files", "download", "cancel")
COMPUTE = ("resolve", "plan", "ensure", "list", "delete")
HANDLE = ComputeHandle(name="desk", slots=1, accelerator="cpu")
FRIDAY = "2026-11-27T09:00:00"


def part(methods: tuple[str, ...], **answers: Any) -> SimpleNamespace:
    """An object whose methods return these answers, None by default; what is no method is an attribute."""
    found = SimpleNamespace(**{name: answering(answers.pop(name, None)) for name in methods})
    vars(found).update(answers)
    return found


def answering(answer: Any) -> Callable[..., Any]:
    return lambda *_, **__: answer


class Shaky:
    def __init__(self, platform: Any) -> None:
        self._platform = platform

    @hookimpl
    def platform(self) -> Any:
        return self._platform


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty folder."""
    return tmp_path


@pytest.fixture
def engine(project: Path) -> Engine:
    return Engine(project)


@pytest.fixture
def had(engine: Engine) -> Callable[..., PlatformProxy]:
    """The platform as the engine has it."""

    def have(**parts: Any) -> PlatformProxy:
        engine.plugins.add("platform", "shaky", Shaky(SimpleNamespace(**{"runs": part(RUNS), **parts})))
        return engine.platform("shaky")

    return have


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (RunStatus(state="Asleep"), "Invalid enum value 'Asleep'"),
        (RunStatus(state="Running", started="friday"), "Invalid isoformat string: 'friday'"),
        (RunStatus(state="Running", started=FRIDAY), "has no time zone; end it with 'Z' for UTC"),
        (RunStatus(state="Failed", exit_code="5"), "Expected `int | null`, got `str` - at `$.exit_code`"),
        ({"state": "Running"}, "not RunStatus"),
    ],
)
def test_a_status_that_says_nothing_is_refused(had, answer, why):
    with pytest.raises(PluginError) as raised:
        had(runs=part(RUNS, observe=answer)).runs.observe("run")
    assert str(raised.value).startswith("plugin 'shaky' failed in runs.observe: TypeError: returned ")
    assert why in str(raised.value)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("a.csv", "returned 'a.csv', not a sequence of File"),
        (["a.csv"], "returned a sequence with 'a.csv', not of File"),
        ([File(path="a.csv", size="big")], "Expected `int | null`, got `str` - at `$.size`"),
    ],
)
def test_each_file_is_checked(had, answer, why):
    with pytest.raises(PluginError, match=r"plugin 'shaky' failed in runs\.files: ") as raised:
        had(runs=part(RUNS, files=answer)).runs.files("run")
    assert why in str(raised.value)


def test_a_target_is_checked(had):
    target = ComputeTarget(name="desk", size=5)
    with pytest.raises(PluginError, match=r"compute\.resolve: .* got `int` - at `\$\.size`"):
        had(compute=part(COMPUTE, resolve=target)).compute.resolve(target)


def test_inputs_that_cannot_be_compared_are_refused(had, engine: Engine, project: Path):
    models = part(
        ("find", "previous_inputs", "ensure", "register", "list", "download"),
        previous_inputs={"snapshot": 42},
    )
    had(models=models)
    engine.plugins.add("recipe", "tiny", Tiny(project))
    with pytest.raises(
        PluginError, match=r"'shaky' failed in models\.previous_inputs: returned \{'snapshot'"
    ):
        engine.plan("tiny", on="shaky")


@pytest.mark.parametrize("poll_s", ["soon", -1, 0, float("nan")])
def test_an_interval_that_is_none_is_refused(had, poll_s):
    with pytest.raises(PluginError, match=r"plugin 'shaky' failed in runs\.poll_s: "):
        had(runs=part(RUNS, poll_s=poll_s)).poll_s  # noqa: B018


def test_a_part_of_another_kind_is_refused(had):
    with pytest.raises(
        PluginError, match="plugin 'shaky' failed in datasets: TypeError: int has no method 'plan'"
    ):
        had(datasets=0).datasets  # noqa: B018


def test_a_missing_method_is_named(had):
    with pytest.raises(
        PluginError, match="failed in runs: TypeError: SimpleNamespace has no method 'cancel'"
    ):
        had(runs=part(RUNS[:-1])).runs  # noqa: B018


def test_an_attribute_that_raises_is_named(had):
    class Runs:
        @property
        def wait(self) -> None:
            raise RuntimeError("boom")

    with pytest.raises(PluginError, match="plugin 'shaky' failed in runs: RuntimeError: boom"):
        had(runs=Runs()).optional(Waits)


def test_an_answer_of_many_lines_is_one_line(had):
    plan = StagePlan(stage="compute", action="reuse", name="a\nb" * 1000, size="big")
    with pytest.raises(PluginError) as raised:
        had(compute=part(COMPUTE, plan=plan)).compute.plan(ComputeTarget(name="desk"))
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500


def ensure(had: Callable[..., PlatformProxy], report: Callable[[Progress], None], progress: Progress) -> Any:
    """Ensure a target of a platform that reports progress by `report`."""
    compute = part(COMPUTE)
    compute.ensure = lambda _, progress: report(progress) or HANDLE
    return had(compute=compute).compute.ensure(ComputeTarget(name="desk"), progress)


def test_progress_arrives(had):
    told: list[Any] = []
    assert (
        ensure(had, lambda progress: progress("nodes", 1, None), lambda *words: told.append(words)) == HANDLE
    )
    assert told == [("nodes", 1, None)]


def test_progress_of_another_kind_is_refused(had):
    with pytest.raises(
        PluginError, match=r"'shaky' failed in compute\.ensure: TypeError: progress\('nodes', 'one'"
    ):
        ensure(had, lambda progress: progress("nodes", "one", None), lambda *_: None)


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), ValueError("ours")])
def test_what_the_listener_raises_is_not_the_platforms_fault(had, error):
    def listen(*_: object) -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        ensure(had, lambda progress: progress("nodes", 1, None), listen)
    assert raised.value is error
