"""All suites of a platform in one class."""

from dressage.testing.compute import ComputeTests
from dressage.testing.datasets import DatasetsTests
from dressage.testing.environments import EnvironmentsTests
from dressage.testing.history import HistoryTests
from dressage.testing.models import ModelsTests
from dressage.testing.planning import PlanTests
from dressage.testing.run_control import CancelTests, InterruptionTests, QueueTests, ResumeTests
from dressage.testing.run_crashes import CrashTests
from dressage.testing.runs import OutputTests, ScriptTests, StatusTests
from dressage.testing.tracking import TrackingTests


class RunsTests(
    ScriptTests,
    OutputTests,
    StatusTests,
    CancelTests,
    ResumeTests,
    QueueTests,
    InterruptionTests,
    CrashTests,
    PlanTests,
    TrackingTests,
):
    """Everything that a platform promises about runs. Every platform must pass it."""


class PlatformTests(RunsTests, DatasetsTests, ComputeTests, EnvironmentsTests, ModelsTests, HistoryTests):
    """The suites of runs and of all capabilities.

    Tests of a capability that the platform does not have are skipped, because core provides it.

        class TestLab(PlatformTests):
            @pytest.fixture
            def platform(self):
                return "lab"
    """
