"""A workspace's environments folder, and a package index on loopback that a test fills itself."""

import base64
import hashlib
import os
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypedDict, Unpack

import pytest

from dressage import Environment, Project
from dressage.environments.uv_environments import UvEnvironments
from dressage.results.plans import StagePlan
from dressage.results.versions import EnvironmentVersion

PASSWORD = "s3cr3t-passw0rd"


@dataclass
class Heard:
    """A Progress that remembers."""

    lines: list[str] = field(default_factory=list)

    def __call__(self, what: str, done: int, total: int | None) -> None:
        self.lines.append(what)


class Described(TypedDict, total=False):
    """Fields of an Environment, besides its name and conda specification."""

    requirements: str
    constraints: str
    project: Project
    interpreter: Path
    indexes: tuple[str, ...]
    find_links: tuple[str, ...]
    base_image: str
    variables: Mapping[str, str]
    secrets: tuple[str, ...]


@dataclass
class Stage:
    """The stage under test, and what it said while it worked."""

    root: Path
    heard: Heard = field(default_factory=Heard)
    indexes: dict[str, str] = field(default_factory=dict)
    find_links: dict[str, str] = field(default_factory=dict)

    @property
    def environments(self) -> UvEnvironments:
        return UvEnvironments(self.root, indexes=self.indexes, find_links=self.find_links)

    def ensure(
        self,
        conda: str | None = None,
        *,
        name: str = "lab",
        upgrade: bool = False,
        **described: Unpack[Described],
    ) -> EnvironmentVersion:
        self.heard = Heard()
        environment = Environment(name=name, conda=conda, **described)
        return self.environments.ensure(environment, self.heard, upgrade=upgrade)

    def plan(
        self, conda: str | None = None, *, name: str = "lab", **described: Unpack[Described]
    ) -> StagePlan:
        return self.environments.plan(Environment(name=name, conda=conda, **described))

    def lock(self, version: EnvironmentVersion) -> str:
        return self.environments.lock(version.key)

    @property
    def has_built(self) -> bool:
        return any(line.startswith("installing") for line in self.heard.lines)

    def folders(self) -> list[Path]:
        return [path.parent for path in self.root.glob("*/environment.json")]


@dataclass
class Index:
    """A package index of tiny wheels.

    authorization: the header that it asks for, if any. lists_hashes: whether its pages do, as PyPI's.
    """

    root: Path
    url: str
    authorization: str | None = None
    lists_hashes: bool = False

    def publish(self, name: str, version: str, requires: tuple[str, ...] = ()) -> None:
        folder = self.root / "simple" / name
        folder.mkdir(parents=True, exist_ok=True)
        _wheel(folder / f"{name}-{version}-py3-none-any.whl", name, version, requires)
        links = [f'<a href="{self._link(path)}">{path.name}</a>' for path in sorted(folder.glob("*.whl"))]
        (folder / "index.html").write_text("\n".join(links))

    def _link(self, path: Path) -> str:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return f"{path.name}#sha256={digest}" if self.lists_hashes else path.name


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    return Stage(tmp_path / "workspace" / "environments")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """Named to uv as pip users name theirs."""
    with _serving(tmp_path / "index") as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
        monkeypatch.delenv("UV_INDEX_URL", raising=False)
        yield index


@pytest.fixture
def private_index(tmp_path: Path) -> Iterator[Index]:
    """One that answers those alone who know its password; its URL has it."""
    with _serving(tmp_path / "private", credentials=f"reader:{PASSWORD}") as index:
        yield index


@contextmanager
def _serving(root: Path, credentials: str = "") -> Iterator[Index]:
    # uv's cache goes by the address, and another test may have had this port before.
    token = os.urandom(4).hex()
    index = Index(root / token, "")
    (index.root / "simple").mkdir(parents=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, index, directory=str(root)))
    at = f"{credentials}@" if credentials else ""
    index.url = f"http://{at}127.0.0.1:{server.server_port}/{token}/simple"
    if credentials:
        index.authorization = f"Basic {base64.b64encode(credentials.encode()).decode()}"
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.02))
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def __init__(self, index: Index, *arguments: Any, directory: str) -> None:
        self.index = index
        super().__init__(*arguments, directory=directory)

    def do_GET(self) -> None:
        wanted = self.index.authorization
        if wanted and self.headers.get("Authorization") != wanted:
            self.send_error(401)
        else:
            super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def _wheel(path: Path, name: str, version: str, requires: tuple[str, ...]) -> None:
    """A wheel of one module that holds its version, and a console script that prints it."""
    info = f"{name}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    files = {
        f"{name}.py": f"VERSION = {version!r}\n\ndef main() -> None:\n    print(VERSION)\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
    }
    files[f"{info}/RECORD"] = "".join(map(_record, files, files.values())) + f"{info}/RECORD,,\n"
    with zipfile.ZipFile(path, "w") as wheel:
        for member, content in files.items():
            wheel.writestr(member, content)


def _record(member: str, content: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).rstrip(b"=").decode()
    return f"{member},sha256={digest},{len(content)}\n"
