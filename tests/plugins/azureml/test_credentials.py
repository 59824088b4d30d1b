"""The ways to sign in."""

import os
import sys
from pathlib import Path

import pytest
from tests.azureml import Loopback
from tests.fixtures import WriteScript
from tests.plugins.azureml.conftest import with_tiny

from dressage import StageError

AZ = """\
#!{python}
import base64, json, sys, time
with open({log!r}, "a") as file:
    print(*sys.argv[1:], file=file)
def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
end = int(time.time()) + 3600
claims = {{"tid": "loopback", "oid": "me", "exp": end}}
token = ".".join((part({{"alg": "none", "typ": "JWT"}}), part(claims), part("")))
print(json.dumps({{"accessToken": token, "expires_on": end, "tokenType": "Bearer"}}))
"""


@pytest.fixture
def stranger(service: Loopback, monkeypatch: pytest.MonkeyPatch) -> Loopback:
    """The service for a user without a managed identity and without a browser."""
    for name in ("MSI_ENDPOINT", "MSI_SECRET", "DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    return service


@pytest.fixture
def az(stranger: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The log of a fake `az` command with a logged-in user: a line of arguments for each call."""
    (tmp_path / "bin").mkdir()
    program, log = tmp_path / "bin" / "az", tmp_path / "az.log"
    program.write_text(AZ.format(python=sys.executable, log=str(log)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return log


def test_a_user_logged_in_with_az_can_train_and_record(az: Path, project: Path, script: WriteScript):
    path = script("import mlflow\nwith mlflow.start_run(): mlflow.log_metric('loss', 1)\n")
    run = with_tiny(project, auth="cli").run("script", set={"path": str(path)})
    assert run.wait(60).state == "Completed"
    assert run.tracked.latest() == {"loss": 1}
    assert len(az.read_text().splitlines()) <= 2  # a token for each audience


def test_a_missing_az_is_an_error_that_says_how_to_log_in(stranger: Loopback, project: Path):
    with pytest.raises(StageError, match="Azure CLI not found on path; log in with `az login`"):
        with_tiny(project, auth="cli").plan("tiny")


def test_sign_in_instructions_are_shown_at_the_terminal(
    stranger: Loopback, project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    stranger.behave(adfs=True)
    monkeypatch.setenv("PATH", str(project))  # a PATH without browsers
    with pytest.raises(StageError, match="The person declined"):
        with_tiny(project, auth="interactive").plan("tiny")
    assert (
        "sign in: To sign in, open https://localhost/devicelogin and enter the code" in capfd.readouterr().err
    )
