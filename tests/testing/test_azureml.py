"""The azureml platform passes the conformance kit, through the real SDK, against the loopback service."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.azureml import Loopback, loopback

from dressage import ComputeTarget, Environment
from dressage.testing import PlatformTests
from dressage.testing.runner import Runner

pytestmark = pytest.mark.slow


class TestAzureml(PlatformTests):
    kills = 3
    secrets = False
    keeps_work = False

    @pytest.fixture
    def platform(self) -> str:
        return "azureml"

    @pytest.fixture
    def service(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
        """The service that stands in for Azure ML. Fails if it got a request that it does not know."""
        with loopback(tmp_path_factory.mktemp("azureml")) as running:
            yield running
            state = running.state()
            assert not state["unknown"]
            assert not state["failures"]

    @pytest.fixture
    def project(self, empty_project: Path, service: Loopback, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A folder that is configured for the service's workspace."""
        service.enter(empty_project, monkeypatch)
        return empty_project

    @pytest.fixture
    def target(self) -> ComputeTarget:
        return ComputeTarget(name="kit", size="Standard_DS3_v2", max_nodes=4, slots=4)

    @pytest.fixture
    def one_slot(self) -> dict[str, Any]:
        return {"name": "kit-one", "max_nodes": 1, "slots": 1}

    @pytest.fixture
    def short_grace(self, service: Loopback) -> None:
        """In Azure ML the node decides it, not the client."""
        service.behave(grace_s=0.2)

    @pytest.fixture
    def read_remote(self, service: Loopback) -> Callable[[], object]:
        """The requests so far that changed something."""
        return service.changes

    def test_its_packages_are_what_a_script_imports(self, runner: Runner, specified: Environment) -> None:
        pytest.skip("the loopback service runs scripts in this interpreter; it builds no images")
