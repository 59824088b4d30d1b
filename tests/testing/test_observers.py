"""The first-party observers pass the conformance kit."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from tests.plugins.webhook.receiver import Receiver, serving

from dressage.testing import ObserverTests


class TestWebhook(ObserverTests):
    @pytest.fixture
    def observer(self) -> str:
        return "webhook"

    @pytest.fixture
    def receiver(self) -> Iterator[Receiver]:
        with serving() as found:
            yield found

    @pytest.fixture
    def project(self, empty_project: Path, receiver: Receiver) -> Path:
        (empty_project / "dressage.toml").write_text(f'[observers.webhook]\nurl = "{receiver.address}"\n')
        return empty_project

    @pytest.fixture
    def received(self, receiver: Receiver) -> Callable[[], Sequence[str]]:
        return lambda: [headers["webhook-id"] for headers, _ in receiver.requests]

    @pytest.fixture
    def unreachable(self, receiver: Receiver) -> Callable[[], AbstractContextManager[object]]:
        @contextmanager
        def refuse() -> Iterator[None]:
            receiver.answers = [(503, {})] * 5
            yield

        return refuse


class TestMlflow(ObserverTests):
    @pytest.fixture
    def observer(self) -> str:
        return "mlflow"
