"""A secret in an address is in no file of the workspace and in no output, wherever the address is written."""

import base64
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import CompletedProcess
from uuid import uuid4

import pytest
from tests.fixtures import Dressage, WriteScript

from dressage import Engine, Environment, Index, SpecError
from dressage.environments.credentials import check_addresses
from dressage.specs.credentials import hide_credentials

Call = Callable[..., CompletedProcess[str]]
"""Calls a command for a script that reads the address."""
CANARY = "canary4711"
BASIC = "Basic " + base64.b64encode(f"u:{CANARY}".encode()).decode()


@dataclass
class Guarded:
    """A file server that answers only who has the secret. commands: those of all processes at each request."""

    host: str = ""
    is_open: bool = True
    asked: list[str] = field(default_factory=list)
    commands: list[bytes] = field(default_factory=list)

    def has_secret(self, path: str, authorization: str | None) -> bool:
        return authorization == BASIC or f"={CANARY}" in path


@pytest.fixture
def guarded() -> Iterator[Guarded]:
    state = Guarded()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            state.commands += [read(path) for path in Path("/proc").glob("[0-9]*/cmdline")]
            is_known = state.is_open and state.has_secret(self.path, self.headers.get("Authorization"))
            body = b"1,2,3\n" if is_known else b""
            self.send_response(200 if is_known else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.host = f"127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield state
    server.shutdown()
    server.server_close()


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # the process has ended
        return b""


def places_of(secret: str, folder: Path) -> list[str]:
    return [
        str(path) for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()
    ]


ADDRESSES = [
    f"http://u:{CANARY}@HOST/a.csv",
    f"http://HOST/a.csv?sv=2024&se=2026-12-01&sig={CANARY}",
    f"http://HOST/a.csv?token={CANARY}",
    f"http://HOST/a.csv?X-Amz-Credential=me&X-Amz-Signature={CANARY}",
]
RECIPE = """
from pathlib import Path
from dressage import FileDataset, Model, Script, Source, hookimpl

@hookimpl
def dataset():
    source = Source(path="a.csv", addresses=("ADDRESS",))
    return FileDataset(name="table", sources=(source,), description="from ADDRESS", tags={"origin": "ADDRESS"})

@hookimpl
def model():
    return Model(script=Script(directory=Path(__file__).parent / "source", file="train.py"))
"""


class TestDatasets:
    """Addresses of data."""

    @pytest.fixture(params=ADDRESSES[:2])
    def address(self, request: pytest.FixtureRequest, guarded: Guarded) -> str:
        return str(request.param).replace("HOST", guarded.host)

    @pytest.fixture
    def call(self, dressage: Dressage, script: WriteScript, address: str) -> Call:
        path = script("import os; print(open(os.environ['DRESSAGE_INPUT_DATA'] + '/a.csv').read())")

        def call(command: str, *options: str) -> CompletedProcess[str]:
            return dressage(command, str(path), "-i", f"data={address}", *options)

        return call

    @pytest.mark.parametrize("address", ADDRESSES, indirect=True)
    def test_the_secret_is_used_and_nowhere_to_be_found(
        self, call: Call, dressage: Dressage, project: Path, guarded: Guarded
    ) -> None:
        ran = call("run")
        assert "1,2,3" in ran.stdout
        shown = [dressage("runs", "show", "latest", "-o", kind) for kind in ("json", "table")]
        planned = [call("plan", "-o", kind) for kind in ("json", "table")]
        outputs = [done.stdout + done.stderr for done in (ran, *shown, *planned)]
        assert not [output for output in outputs if CANARY in output]
        assert places_of(CANARY, project / ".dressage") == []

    def test_it_is_not_in_what_a_recipe_says_of_its_dataset(
        self, dressage: Dressage, script: WriteScript, project: Path, address: str
    ) -> None:
        script("print('trained')")
        (project / "table.py").write_text(RECIPE.replace("ADDRESS", address))
        (project / "dressage.toml").write_text('plugins = ["table.py"]\n')
        assert "trained" in dressage("run", "table").stdout
        assert "from http://" in (shown := dressage("datasets", "show", "table").stdout)
        assert CANARY not in shown
        assert places_of(CANARY, project / ".dressage") == []

    def test_it_is_not_in_the_error_if_the_download_fails(
        self, call: Call, dressage: Dressage, project: Path, guarded: Guarded
    ) -> None:
        guarded.is_open = False
        ran, listed = call("run", "-o", "jsonl"), dressage("runs", "list", "-o", "json")
        assert ran.returncode == 3
        assert "cannot download 'a.csv': http://" in ran.stderr
        assert CANARY not in ran.stdout + ran.stderr + listed.stdout
        assert places_of(CANARY, project / ".dressage") == []

    def test_another_secret_is_the_same_request(self, call: Call, address: str, dressage: Dressage) -> None:
        call("run", "--model", "net=train.py")
        other = address.replace(CANARY, "another").replace("2026-12-01", "2027-01-01")
        planned = dressage("plan", "./source/train.py", "-i", f"data={other}", "--model", "net=train.py")
        assert "reuse   net:1" in planned.stdout

    def test_the_same_command_continues_a_run_whose_record_has_no_secret(
        self, call: Call, dressage: Dressage, guarded: Guarded
    ) -> None:
        guarded.is_open = False
        call("run")
        guarded.is_open = True
        assert "1,2,3" in call("run").stdout
        assert len(json.loads(dressage("runs", "list", "-o", "json").stdout)) == 1

    def test_a_resume_from_the_record_alone_says_what_is_missing(
        self, call: Call, dressage: Dressage, guarded: Guarded
    ) -> None:
        guarded.is_open = False
        call("run")
        guarded.is_open = True
        resumed = dressage("resume", "latest")
        assert resumed.returncode == 3
        assert "is not recorded; run the first command again" in resumed.stderr

    def test_registering_a_dataset_keeps_none(self, dressage: Dressage, project: Path, address: str) -> None:
        done = dressage("datasets", "register", "numbers", address)
        assert done.returncode == 0, done.stderr
        assert CANARY not in done.stdout + done.stderr
        assert places_of(CANARY, project / ".dressage") == []


@pytest.mark.parametrize("user", ["", "u@", "u:***@"])
def test_a_password_comes_from_the_netrc_file(
    dressage: Dressage, project: Path, guarded: Guarded, user: str
) -> None:
    (project / "netrc").write_text(f"machine 127.0.0.1 login u password {CANARY}\n")
    (project / "netrc").chmod(0o600)
    env = {**os.environ, "NETRC": str(project / "netrc")}
    done = dressage("datasets", "register", "numbers", f"http://{user}{guarded.host}/a.csv", env=env)
    assert done.returncode == 0, done.stderr
    assert places_of(CANARY, project / ".dressage") == []


@pytest.mark.parametrize(
    ("option", "file", "text"),
    [
        (
            "--conda",
            "env.yml",
            "dependencies:\n- python\n- pip:\n  - --extra-index-url https://u:{}@h/simple\n",
        ),
        (
            "--conda",
            "env.yml",
            "dependencies:\n- python\n- pip:\n  - --extra-index-url https://{}@h/simple\n",
        ),
        (
            "--conda",
            "env.yml",
            "dependencies:\n- python\n- pip:\n  - --index-url https://h/simple?token={}\n",
        ),
        ("--conda", "env.yml", "channels:\n- https://u:{}@h/c\ndependencies:\n- python\n"),
        ("--conda", "env.yml", "channels:\n- https://h/t/{}/c\ndependencies:\n- python\n"),
        ("--conda", "env.yml", "dependencies:\n- https://u:{}@h/c::numpy\n"),
        ("--conda", "env.yml", "# https://u:{}@h/c\ndependencies:\n- python\n"),
        ("-r", "requirements.txt", "--index-url https://u:{}@h/simple\nx\n"),
        ("-r", "requirements.txt", "x @ git+https://u:{}@h/x.git\n"),
        ("-r", "requirements.txt", "x @ git+https://{}@h/x.git\n"),
        ("-r", "requirements.txt", "x @ https://h/x-1-py3-none-any.whl?sig={}\n"),
        (
            "-r",
            "pyproject.toml",
            '[project]\nname="p"\nversion="1"\n[[tool.uv.index]]\nurl="https://u:{}@h/s"\n',
        ),
        (
            "-r",
            "pyproject.toml",
            '[project]\nname="p"\nversion="1"\ndependencies=["x @ git+https://u:{}@h/s"]\n',
        ),
    ],
)
def test_a_description_of_an_environment_with_a_secret_is_refused_without_showing_it(
    dressage: Dressage, script: WriteScript, project: Path, option: str, file: str, text: str
) -> None:
    (project / file).write_text(text.format(CANARY))
    ran = dressage("run", str(script("")), option, file)
    assert ran.returncode == 2
    assert "has a password or token in an address, which would be recorded" in ran.stderr
    assert CANARY not in ran.stdout + ran.stderr
    assert places_of(CANARY, project / ".dressage") == []


def test_the_address_of_an_index_with_a_token_is_refused() -> None:
    index = Index(name="lab", address=f"https://h/simple?token={CANARY}")
    with pytest.raises(SpecError, match=r"index 'lab', line 1: .* has a password or token") as raised:
        check_addresses(Environment(name="e", requirements="x", indexes=(index,)))
    assert CANARY not in str(raised.value)


@pytest.mark.parametrize(
    "line",
    [
        "x @ git+https://git@h/x.git",
        "x @ git+ssh://git@h/x.git",
        "x @ git+https://u:${TOKEN}@h/x.git",
        "x @ https://h/x-1-py3-none-any.whl?token=${TOKEN}",
        "x @ https://h/x-1-py3-none-any.whl#sha256=abc",
    ],
)
def test_an_address_without_a_secret_is_not_refused(engine: Engine, script: WriteScript, line: str) -> None:
    path = script("")
    (path.parent / "requirements.txt").write_text(f"{line}\n")
    settings = {"path": str(path), "requirements": str(path.parent / "requirements.txt")}
    assert engine.plan("script", set=settings).stage("environment").action == "build"


def test_the_password_of_a_named_index_is_in_no_command(
    dressage: Dressage, script: WriteScript, project: Path, guarded: Guarded
) -> None:
    secret = uuid4().hex  # other tests run at the same time
    (project / "requirements.txt").write_text("toyx\n")
    (project / "dressage.toml").write_text(f'[indexes]\nlab = "http://u:{secret}@{guarded.host}/simple"\n')
    options = ("-r", "requirements.txt", "--set", "indexes=lab")
    ran = dressage(
        "run", str(script("")), *options, env={**os.environ, "UV_OFFLINE": "0", "UV_DEFAULT_INDEX": ""}
    )
    assert guarded.asked
    assert any(b"uv\0pip\0compile" in command for command in guarded.commands)
    assert not [command for command in guarded.commands if secret.encode() in command]
    assert secret not in ran.stdout + ran.stderr
    assert places_of(secret, project / ".dressage") == []


def test_the_reason_of_a_failure_has_none(dressage: Dressage, script: WriteScript, project: Path) -> None:
    path = script("raise SystemExit('no answer from https://u:' + 'canary' + '4711@h/a')")
    ran = dressage("run", str(path))
    shown = dressage("runs", "show", "latest", "-o", "json").stdout
    assert "no answer from https://u:***@h/a" in json.loads(shown)["reason"]
    assert places_of(CANARY, project / ".dressage") == [
        str(path) for path in (project / ".dressage").rglob("log.txt")
    ]
    assert "***" in ran.stdout


@pytest.mark.parametrize(
    ("address", "hidden"),
    [
        ("https://u:pw@h/a", "https://u:***@h/a"),
        ("https://u:p@w@h/a", "https://u:***@h/a"),
        ("https://pa$$word@h/a", "https://***@h/a"),
        ("postgres://u:pw@h/a", "postgres://u:***@h/a"),
        ("ssh://git@h/a", "ssh://git@h/a"),
        ("https://h/a?x=1&sig=s&se=2&sv=3", "https://h/a?x=1&sig=***"),
        ("https://h/a?v=1&e=2", "https://h/a?v=1&e=2"),
        ("https://h/a?access_token=s&x=1", "https://h/a?access_token=***&x=1"),
        ("https://h/a?se=2026", "https://h/a?se=2026"),
        ("data=https://u:pw@h/a 'https://h/b?token=s'", "data=https://u:***@h/a 'https://h/b?token=***'"),
        ("https://h/a@b?c=d@e", "https://h/a@b?c=d@e"),
        ("no address: u:pw@h", "no address: u:pw@h"),
    ],
)
def test_what_is_secret_in_an_address_is_hidden(address: str, hidden: str) -> None:
    assert hide_credentials(address) == hidden
    assert hide_credentials(hidden) == hidden


@pytest.mark.parametrize(
    "address",
    [
        f"http://u:{CANARY}@[::bad/a.csv",
        f"http://u:a/{CANARY}@host/a.csv",
        f"http://u:a#{CANARY}@host/a.csv",
        f"http://host:99999/a.csv?sig={CANARY}#{CANARY}",
        f"s3://u:{CANARY}@host/a.csv",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_secret(
    dressage: Dressage, script: WriteScript, address: str
) -> None:
    refused = dressage("-v", "plan", str(script("pass")), "--input", f"data={address}")
    assert refused.returncode == 2
    assert "is not a complete web address" in refused.stderr
    assert CANARY not in refused.stdout + refused.stderr
