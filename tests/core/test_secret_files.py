"""Files that usually have secrets are not copied, and neither are folders of the system."""

import os
import shlex
from pathlib import Path

import pytest
from tests.fixtures import Dressage, WriteScript

from dressage import Engine, Model, Script, SpecError, hookimpl
from dressage.results.plans import Plan

SECRET = [
    *(".env", ".env.local", ".envrc", ".netrc", "_netrc", ".pypirc", ".pgpass", ".git-credentials"),
    *(
        "id_rsa",
        "id_ed25519",
        "id_work",
        "ca.pem",
        "KEYS.PEM",
        "a.p12",
        "a.pfx",
        "a.keystore",
        "a.jks",
        "a.ppk",
    ),
    *("server.key", "my-private.key", "example.com.key"),
    *("credentials.json", "service-account.json", "service_account-1.json", "client_secret_4.json"),
    *(".ssh/config", ".aws/credentials", ".azure/azureProfile.json", ".kube/config", ".config/gcloud/a.db"),
    ".docker/config.json",
    *("kaggle.json", ".kaggle/kaggle.json", ".huggingface/token", ".streamlit/secrets.toml", "secrets.yaml"),
    *(".npmrc", ".my.cnf", ".boto", ".s3cfg", ".dockercfg", ".vault-token", ".htpasswd", "kubeconfig"),
    *("rclone.conf", "credentials.csv", "gha-creds-1.json", ".cargo/credentials.toml", "token.json"),
    *("terraform.tfstate", "terraform.tfvars", "prod.env", ".env~", "id_rsa.bak", "key.pem.bak"),
]
HARMLESS = [
    *(
        ".env.example",
        "env",
        "environment.yml",
        "id_rsa.pub",
        "id_map.json",
        "ids",
        "pem",
        "pem.py",
        "talk.key",
    ),
    *("keys.json", "config.json", "docker/config.json", ".config/settings", "ssh/config", "tokenizer.json"),
]


class Training:
    """A recipe of the script `train.py` in the folder `source`."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.include: tuple[str, ...] = ()
        self.command: str | None = None

    @hookimpl
    def model(self) -> Model:
        file = None if self.command else "train.py"
        script = Script(directory=self.source, file=file, command=self.command, include=self.include)
        return Model(script=script)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    write(folder, "train.py")
    return folder


@pytest.fixture
def training(engine: Engine, source: Path) -> Training:
    recipe = Training(source)
    engine.plugins.add("recipe", "own", recipe)
    return recipe


def write(folder: Path, path: str, content: str = "TOKEN=1") -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(content)


def plan(engine: Engine) -> Plan:
    return engine.plan("own")


def taken(engine: Engine) -> list[str]:
    """Return the files that a run gets, without the script."""
    files = engine.describe("own").snapshot.files
    return [file.path for file in files if file.path != "train.py"]


@pytest.mark.parametrize("folder", ["", "deep/"])
@pytest.mark.parametrize("name", SECRET)
def test_a_file_whose_name_says_that_it_has_secrets_is_left_out(
    engine: Engine, training: Training, source: Path, name: str, folder: str
) -> None:
    write(source, folder + name)
    (found,) = plan(engine).left_out
    assert found.path == folder + name
    assert found.reason.startswith("by the list of files with secrets; --include ")
    assert taken(engine) == []


@pytest.mark.parametrize("name", HARMLESS)
def test_a_file_with_a_similar_name_is_taken(
    engine: Engine, training: Training, source: Path, name: str
) -> None:
    write(source, name)
    assert taken(engine) == [name]


def test_the_plan_says_how_to_copy_it(dressage: Dressage, source: Path) -> None:
    write(source, ".env")
    write(source, ".aws/credentials")
    write(source, ".aws/config")
    planned = dressage("plan", str(source / "train.py"))
    lines = [line.strip() for line in planned.stdout.splitlines() if "left out" in line]
    assert lines == [
        "left out: .aws/config, 2 files, 14 B, by the list of files with secrets; --include .aws copies it",
        "left out: .env, 1 file, 7 B, by the list of files with secrets; --include .env copies it",
    ]


@pytest.mark.parametrize("name", SECRET)
def test_it_is_taken_if_it_is_included_as_the_plan_says(
    engine: Engine, training: Training, source: Path, name: str
) -> None:
    write(source, name)
    (found,) = plan(engine).left_out
    training.include = (shlex.split(found.reason.removesuffix(" copies it"))[-1],)
    assert taken(engine) == [name]


@pytest.mark.parametrize("pattern", ["conf", "conf/", "*", "**", "conf/*", "conf/**"])
def test_a_pattern_that_does_not_name_it_does_not_take_it(
    engine: Engine, training: Training, source: Path, pattern: str
) -> None:
    write(source, ".gitignore", "conf/")
    write(source, "conf/a.csv")
    write(source, "conf/.env")
    training.include = (pattern,)
    assert "conf/a.csv" in taken(engine)
    assert "conf/.env" not in taken(engine)


@pytest.mark.parametrize("pattern", [".*", "?*", "*.*", "conf/.*"])
def test_a_pattern_without_a_letter_names_no_file(
    engine: Engine, training: Training, source: Path, pattern: str
) -> None:
    write(source, ".gitignore", "conf/")
    write(source, "conf/.settings")
    write(source, "conf/.env")
    training.include = (pattern,)
    assert "conf/.settings" in taken(engine)
    assert "conf/.env" not in taken(engine)


def test_a_pattern_with_an_ending_takes_it(engine: Engine, training: Training, source: Path) -> None:
    write(source, "keys/a.pem")
    training.include = ("*.pem",)
    assert taken(engine) == ["keys/a.pem"]


def test_a_link_to_a_file_with_secrets_is_left_out(engine: Engine, training: Training, source: Path) -> None:
    write(source.parent, ".aws/credentials")
    (source / "settings.txt").symlink_to(source.parent / ".aws/credentials")
    assert taken(engine) == []
    assert plan(engine).left_out[0].reason.endswith("--include settings.txt copies it")


def test_the_file_of_variables_is_left_out_whatever_its_name_is(
    dressage: Dressage, script: WriteScript
) -> None:
    path = script("import os; print(os.path.exists('mine.txt'), os.environ['A'])")
    (path.parent / "mine.txt").write_text("A=1\n")
    options = ("--env-file", "source/mine.txt")
    ran = dressage("run", "./source/train.py", *options)
    assert "False 1" in ran.stdout
    assert "left out: mine.txt, 1 file, 4 B, by the list of files with secrets" in ran.stderr
    assert "True 1" in dressage("run", "./source/train.py", *options, "--include", "mine.txt").stdout


def test_a_file_of_variables_elsewhere_changes_nothing(dressage: Dressage, script: WriteScript) -> None:
    path = script("import os; print(os.environ['A'])")
    (path.parents[1] / "mine.txt").write_text("A=1\n")
    assert dressage("run", "./source/train.py", "--env-file", "mine.txt").returncode == 0


@pytest.mark.parametrize("folder", ["/", "/etc", "/etc/ssl", "/usr", "/var", "/tmp", "/bin", "/proc"])  # noqa: S108
def test_a_folder_of_the_system_is_refused(engine: Engine, training: Training, folder: str) -> None:
    if not Path(folder).is_dir():
        pytest.skip(f"there is no {folder}")
    training.source, training.command = Path(folder), "true"
    with pytest.raises(
        SpecError, match=f"source directory '{folder}' is a folder of the system; move the script"
    ):
        plan(engine)


def test_the_home_folder_is_refused_in_one_line(dressage: Dressage, source: Path) -> None:
    found = dressage("run", str(source / "train.py"), env={**os.environ, "HOME": str(source)})
    assert found.returncode == 2
    assert found.stderr == (
        f"error: source directory {str(source)!r} is your home folder; move the script to a separate folder, or"
        " name the project's folder with --root\n"
    )


def test_a_link_to_the_home_folder_is_refused(
    engine: Engine, training: Training, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(source))
    (source.parent / "link").symlink_to(source)
    training.source = source.parent / "link"
    with pytest.raises(SpecError, match="is your home folder"):
        plan(engine)


@pytest.mark.parametrize(
    ("address", "is_taken"),
    [
        ("https://u:canary@host/simple", False),
        ("https://host/s?token=canary", False),
        ("https://host/s", True),
    ],
)
def test_a_configuration_with_the_password_of_an_index_is_left_out(
    engine: Engine, training: Training, source: Path, address: str, is_taken: bool
) -> None:
    write(source, "dressage.toml", f'[indexes]\nlab = "{address}"\n')
    assert taken(engine) == ["dressage.toml"] * is_taken
    training.include = ("dressage.toml",)
    assert taken(engine) == ["dressage.toml"]


def test_a_link_to_a_folder_of_the_system_is_left_out(
    engine: Engine, training: Training, source: Path
) -> None:
    (source / "link").symlink_to("/etc")
    assert [found.reason for found in plan(engine).left_out] == ["link to a folder of the system"]


@pytest.mark.parametrize("pattern", ["link", "link/*"])
def test_a_pattern_does_not_take_a_folder_of_the_system(
    engine: Engine, training: Training, source: Path, pattern: str
) -> None:
    (source / "link").symlink_to("/etc")
    training.include = (pattern,)
    with pytest.raises(SpecError, match="matches no file"):
        plan(engine)
