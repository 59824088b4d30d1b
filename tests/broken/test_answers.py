"""What a platform returns is checked at once, down to the fields, and errors name the platform."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

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


def build_part(methods: tuple[str, ...], **answers: Any) -> SimpleNamespace:
    """Build an object whose methods return these answers, by default None. Other names become attributes."""
    found = SimpleNamespace(**{name: answer_with(answers.pop(name, None)) for name in methods})
    vars(found).update(answers)
    return found


def answer_with(answer: Any) -> Callable[..., Any]:
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


class BuildPlatform(Protocol):
    """Builds a platform from parts, and returns the engine's proxy of it."""

    def __call__(self, **parts: Any) -> PlatformProxy: ...


@pytest.fixture
def platform_with(engine: Engine) -> BuildPlatform:
    """A function that builds a platform from parts, and returns the engine's proxy of it."""

    def make(**parts: Any) -> PlatformProxy:
        engine.plugins.add("platform", "shaky", Shaky(SimpleNamespace(**{"runs": build_part(RUNS), **parts})))
        return engine.platform("shaky")

    return make


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (RunStatus(state="Asleep"), "Invalid enum value 'Asleep'"),  # type: ignore[arg-type]
        (RunStatus(state="Running", started="friday"), "give a time such as 2026-11-24T09:00:00Z"),
        (RunStatus(state="Running", started=FRIDAY), "has no time zone; end it with 'Z' for UTC"),
        (
            RunStatus(state="Failed", exit_code="5"),  # type: ignore[arg-type]
            "Expected `int | null`, got `str` - at `$.exit_code`",
        ),
        ({"state": "Running"}, "not RunStatus"),
    ],
)
def test_an_invalid_status_is_refused(platform_with: BuildPlatform, answer: Any, why: str):
    with pytest.raises(PluginError) as raised:
        platform_with(runs=build_part(RUNS, observe=answer)).runs.observe("run")
    assert str(raised.value).startswith("plugin 'shaky' failed in runs.observe: TypeError: returned ")
    assert why in str(raised.value)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("a.csv", "returned 'a.csv', not a sequence of File"),
        (["a.csv"], "returned a sequence with 'a.csv', not of File"),
        (
            [File(path="a.csv", size="big")],  # type: ignore[arg-type]
            "Expected `int | null`, got `str` - at `$.size`",
        ),
    ],
)
def test_each_file_is_checked(platform_with: BuildPlatform, answer: Any, why: str):
    with pytest.raises(PluginError, match=r"plugin 'shaky' failed in runs\.files: ") as raised:
        platform_with(runs=build_part(RUNS, files=answer)).runs.files("run")
    assert why in str(raised.value)


def test_a_target_is_checked(platform_with: BuildPlatform):
    target = ComputeTarget(name="desk", size=5)  # type: ignore[arg-type]
    with pytest.raises(PluginError, match=r"compute\.resolve: .* got `int` - at `\$\.size`"):
        platform_with(compute=build_part(COMPUTE, resolve=target)).compute.resolve(target)


def test_inputs_that_cannot_be_compared_are_refused(
    platform_with: BuildPlatform, engine: Engine, project: Path
):
    models = build_part(
        ("find", "previous_inputs", "ensure", "register", "list", "download"),
        previous_inputs={"snapshot": 42},
    )
    platform_with(models=models)
    engine.plugins.add("recipe", "tiny", Tiny(project))
    with pytest.raises(
        PluginError, match=r"'shaky' failed in models\.previous_inputs: returned \{'snapshot'"
    ):
        engine.plan("tiny", on="shaky")


@pytest.mark.parametrize("poll_s", ["soon", -1, 0, float("nan")])
def test_an_invalid_interval_is_refused(platform_with: BuildPlatform, poll_s: Any):
    with pytest.raises(PluginError, match=r"plugin 'shaky' failed in runs\.poll_s: "):
        platform_with(runs=build_part(RUNS, poll_s=poll_s)).poll_s  # noqa: B018


def test_a_part_of_another_type_is_refused(platform_with: BuildPlatform):
    with pytest.raises(
        PluginError, match="plugin 'shaky' failed in datasets: TypeError: int has no method 'plan'"
    ):
        platform_with(datasets=0).datasets  # noqa: B018


def test_a_missing_method_is_named(platform_with: BuildPlatform):
    with pytest.raises(
        PluginError, match="failed in runs: TypeError: SimpleNamespace has no method 'cancel'"
    ):
        platform_with(runs=build_part(RUNS[:-1])).runs  # noqa: B018


def test_an_attribute_that_raises_is_named(platform_with: BuildPlatform):
    class Runs:
        @property
        def wait(self) -> None:
            raise RuntimeError("boom")

    with pytest.raises(PluginError, match="plugin 'shaky' failed in runs: RuntimeError: boom"):
        platform_with(runs=Runs()).optional(Waits)


def test_the_error_for_a_long_answer_is_one_short_line(platform_with: BuildPlatform):
    name = "a\nb" * 1000
    plan = StagePlan(stage="compute", action="reuse", name=name, size="big")  # type: ignore[arg-type]
    with pytest.raises(PluginError) as raised:
        platform_with(compute=build_part(COMPUTE, plan=plan)).compute.plan(ComputeTarget(name="desk"))
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500


def ensure(platform_with: BuildPlatform, report: Callable[[Progress], None], progress: Progress) -> Any:
    """Ensure a target on a platform whose `ensure` calls `report`."""

    def answer(_: ComputeTarget, progress: Progress) -> ComputeHandle:
        report(progress)
        return HANDLE

    compute = build_part(COMPUTE)
    compute.ensure = answer
    return platform_with(compute=compute).compute.ensure(ComputeTarget(name="desk"), progress)


def test_progress_reaches_the_listener(platform_with: BuildPlatform):
    reports: list[Any] = []
    assert (
        ensure(
            platform_with, lambda progress: progress("nodes", 1, None), lambda *words: reports.append(words)
        )
        == HANDLE
    )
    assert reports == [("nodes", 1, None)]


def test_progress_of_another_type_is_refused(platform_with: BuildPlatform):
    def report(progress: Progress) -> None:
        progress("nodes", "one", None)  # type: ignore[arg-type]

    with pytest.raises(
        PluginError, match=r"'shaky' failed in compute\.ensure: TypeError: progress\('nodes', 'one'"
    ):
        ensure(platform_with, report, lambda *_: None)


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), ValueError("ours")])
def test_what_the_listener_raises_is_not_the_platforms_fault(platform_with: BuildPlatform, error: Exception):
    def listen(*_: object) -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        ensure(platform_with, lambda progress: progress("nodes", 1, None), listen)
    assert raised.value is error
