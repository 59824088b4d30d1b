"""A package index on loopback that a test fills itself."""

import base64
import hashlib
import os
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote


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
        self._list(folder)

    def add(self, wheel: Path) -> None:
        """Publish a wheel that exists."""
        folder = self.root / "simple" / wheel.name.partition("-")[0]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / wheel.name).symlink_to(wheel)
        self._list(folder)

    def _list(self, folder: Path) -> None:
        links = [f'<a href="{self._link(path)}">{path.name}</a>' for path in sorted(folder.glob("*.whl"))]
        (folder / "index.html").write_text("\n".join(links))

    def _link(self, path: Path) -> str:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        name = quote(path.name)
        return f"{name}#sha256={digest}" if self.lists_hashes else name


@contextmanager
def serve_index(root: Path, credentials: str = "") -> Iterator[Index]:
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
