"""The example `remote_machine` passes its own tests: the conformance kit. Each request starts a process there."""

import pytest
from examples.remote_machine.tests import test_conformance

pytestmark = pytest.mark.slow


class TestRemoteMachine(test_conformance.TestRemoteMachine):
    """Collected here, with the example installed."""
