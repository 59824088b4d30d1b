"""A conformance kit for plugins: suites of pytest tests to inherit, and a platform in memory for tests of recipes.

    from dressage.testing import PlatformTests

    class TestLab(PlatformTests):
        @pytest.fixture
        def platform(self):
            return "lab"

A test class inherits a suite and gives one fixture: the name of the plugin. The tests use it as users do: installed,
or in a file that `dressage.toml` in the project's folder names. The attributes of a suite say what a plugin cannot
do; its other fixtures can be overridden. pytest is needed: install `dressage[testing]`.
"""

from importlib import import_module
from sys import modules
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dressage.testing.compute import ComputeTests as ComputeTests
    from dressage.testing.datasets import DatasetsTests as DatasetsTests
    from dressage.testing.environments import EnvironmentsTests as EnvironmentsTests
    from dressage.testing.history import HistoryTests as HistoryTests
    from dressage.testing.memory import MemoryPlatform as MemoryPlatform
    from dressage.testing.models import ModelsTests as ModelsTests
    from dressage.testing.observers import ObserverTests as ObserverTests
    from dressage.testing.platforms import PlatformTests as PlatformTests
    from dressage.testing.platforms import RunsTests as RunsTests
    from dressage.testing.policies import PolicyTests as PolicyTests
    from dressage.testing.recipes import RecipeTests as RecipeTests

_HOMES = {
    "ComputeTests": "compute",
    "DatasetsTests": "datasets",
    "EnvironmentsTests": "environments",
    "HistoryTests": "history",
    "MemoryPlatform": "memory",
    "ModelsTests": "models",
    "ObserverTests": "observers",
    "PlatformTests": "platforms",
    "PolicyTests": "policies",
    "RecipeTests": "recipes",
    "RunsTests": "platforms",
}
_WITH_ASSERTS = """
    compute datasets environments history loading models observers planning policies processes recipes run_control
    run_crashes runner runs settings tracking
"""
"""The modules whose assert statements pytest explains."""


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])


def __getattr__(name: str) -> Any:
    """Import a suite when it is first used: the processes that the suites start need neither it nor pytest."""
    if name not in _HOMES:
        raise AttributeError(f"module 'dressage.testing' has no attribute {name!r}")
    try:
        import pytest
    except ImportError:
        raise ImportError("dressage.testing needs pytest; install dressage[testing]") from None
    if "dressage.testing.suite" not in modules:
        pytest.register_assert_rewrite(*(f"dressage.testing.{module}" for module in _WITH_ASSERTS.split()))
    return getattr(import_module(f"dressage.testing.{_HOMES[name]}"), name)
