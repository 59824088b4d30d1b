"""Compute targets: get or create, and nothing twice."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dressage import ComputeTarget, NotFoundError
from dressage.files.encoding import to_json
from dressage.hooks.proxy import PlatformProxy
from dressage.testing.datasets import ignore
from dressage.testing.platform_suite import Arguments, PlatformSuite
from dressage.testing.processes import Processes
from dressage.testing.trees import find_differences, read_tree


class ComputeTests(PlatformSuite):
    """The capability `compute`."""

    @pytest.fixture
    def wanted(self, tested: PlatformProxy, target: ComputeTarget) -> ComputeTarget:
        """A target that does not exist yet, resolved."""
        self.require(tested, "compute")
        return tested.compute.resolve(target)

    def test_resolve_chooses_an_accelerator_and_is_final(
        self, tested: PlatformProxy, wanted: ComputeTarget
    ) -> None:
        assert wanted.accelerator in ("cpu", "gpu")
        assert tested.compute.resolve(wanted) == wanted

    def test_resolve_keeps_what_was_asked_for(self, tested: PlatformProxy, target: ComputeTarget) -> None:
        self.require(tested, "compute")
        asked = replace(target, time_limit_s=60.0)
        resolved = tested.compute.resolve(asked)
        assert (resolved.name, resolved.slots, resolved.time_limit_s) == (asked.name, asked.slots, 60.0)

    def test_a_target_is_created_once(self, tested: PlatformProxy, wanted: ComputeTarget) -> None:
        first = tested.compute.ensure(wanted, ignore)
        assert tested.compute.ensure(wanted, ignore) == first
        assert (first.name, first.slots) == (wanted.name, wanted.slots)
        assert [handle.name for handle in tested.compute.list()].count(wanted.name) == 1

    def test_a_compute_plan_says_what_ensure_does_and_changes_nothing(
        self, tested: PlatformProxy, wanted: ComputeTarget, tmp_path: Path, read_remote: Callable[[], object]
    ) -> None:
        before, remote = read_tree(tmp_path), read_remote()
        assert tested.compute.plan(wanted).action in ("create", "none", "reuse")
        assert find_differences(before, read_tree(tmp_path)) == []
        assert read_remote() == remote
        assert wanted.name not in [handle.name for handle in tested.compute.list()]
        tested.compute.ensure(wanted, ignore)
        assert tested.compute.plan(wanted).action in ("reuse", "none")

    def test_a_deleted_target_is_gone_and_can_be_created_again(
        self, tested: PlatformProxy, wanted: ComputeTarget
    ) -> None:
        tested.compute.ensure(wanted, ignore)
        tested.compute.delete(wanted.name)
        assert wanted.name not in [handle.name for handle in tested.compute.list()]
        assert tested.compute.ensure(wanted, ignore).name == wanted.name

    def test_an_unknown_target_cannot_be_deleted(self, tested: PlatformProxy) -> None:
        self.require(tested, "compute")
        with pytest.raises(NotFoundError):
            tested.compute.delete("kit-nothing")

    def test_processes_that_create_a_target_at_once_make_one(
        self, tested: PlatformProxy, wanted: ComputeTarget, processes: Processes
    ) -> None:
        processes.call_at_once("compute", [to_json(wanted)] * 4)
        assert [handle.name for handle in tested.compute.list()].count(wanted.name) == 1

    def test_a_creation_that_is_killed_anywhere_can_be_repeated(
        self, tested: PlatformProxy, wanted: ComputeTarget, processes: Processes
    ) -> None:
        made = Arguments(lambda n: to_json(replace(wanted, name=f"kit-{n}-a")))
        self.kill_and_repeat(processes, "compute", made)
        names = [handle.name for handle in tested.compute.list()]
        assert sorted(name for name in names if name.startswith("kit-")) == sorted(
            f"kit-{n}-a" for n in range(len(made.made))
        )
