"""Environments: the same specification is the same environment."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dressage import Environment
from dressage.files.encoding import to_json
from dressage.hooks.proxy import PlatformProxy
from dressage.testing.datasets import ignore
from dressage.testing.platform_suite import PlatformSuite
from dressage.testing.processes import Processes, spread
from dressage.testing.runner import Runner
from dressage.testing.trees import find_differences, read_tree


class EnvironmentsTests(PlatformSuite):
    """The capability `environments`. The tests install one small package."""

    @pytest.fixture
    def specified(self, tested: PlatformProxy) -> Environment:
        """An environment that is not built yet. Its scripts can import six 1.17.0."""
        self.require(tested, "environments")
        return Environment(name="kit-six", requirements="six==1.17.0\n")

    def test_a_specification_is_built_once(self, tested: PlatformProxy, specified: Environment) -> None:
        first = tested.environments.ensure(specified, ignore)
        assert first.name == "kit-six"
        assert tested.environments.ensure(specified, ignore).key == first.key
        listed = [version.key for version in tested.environments.list() if version.name == "kit-six"]
        assert len(listed) == 1
        assert first.key.startswith(listed[0])  # a listing may have the first digits only

    def test_an_environment_plan_says_what_ensure_does_and_changes_nothing(
        self, tested: PlatformProxy, specified: Environment, tmp_path: Path, read_remote: Callable[[], object]
    ) -> None:
        before, remote = read_tree(tmp_path), read_remote()
        assert tested.environments.plan(specified).action in ("build", "create")
        assert find_differences(before, read_tree(tmp_path)) == []
        assert read_remote() == remote
        version = tested.environments.ensure(specified, ignore)
        plan = tested.environments.plan(specified)
        assert (plan.action, plan.key) == ("reuse", version.key)

    def test_its_packages_are_what_a_script_imports(self, runner: Runner, specified: Environment) -> None:
        done = runner.finish(
            "import six; print(six.__version__)", name="kit-six", requirements=specified.requirements
        )
        assert (done.status.state, done.log) == ("Completed", b"1.17.0\n")

    def test_other_packages_are_another_environment(
        self, tested: PlatformProxy, specified: Environment
    ) -> None:
        other = Environment(name="kit-six", requirements="six==1.16.0\n")
        keys = {tested.environments.ensure(wanted, ignore).key for wanted in (specified, other)}
        assert len(keys) == 2

    def test_processes_that_build_at_once_make_one_environment(
        self, tested: PlatformProxy, specified: Environment, processes: Processes
    ) -> None:
        answers = processes.call_at_once("environment", [to_json(specified)] * 2)
        assert len({answer["key"] for answer in answers}) == 1

    def test_a_build_that_is_killed_anywhere_can_be_repeated(
        self, tested: PlatformProxy, specified: Environment, processes: Processes
    ) -> None:
        def argument(version: str) -> object:
            return to_json(Environment(name=f"kit-{version}", requirements=f"six=={version}\n"))

        count = processes.count_changes("environment", argument("1.17.0"))
        versions = ("1.16.0", "1.15.0", "1.14.0", "1.13.0")
        for moment, version in zip(spread(count, len(versions)), versions, strict=False):
            processes.kill("environment", argument(version), moment)
            key = processes.call("environment", argument(version))["key"]
            assert [known for known in tested.environments.list() if key.startswith(known.key)]
