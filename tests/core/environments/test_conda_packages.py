"""Conda packages by py-rattler, from a channel in a folder."""

import asyncio
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from tests.package_index import Index

from dressage import StageError

from .conftest import Stage

pytest.importorskip("rattler")

BASE = Path(getattr(sys, "_base_executable", sys.executable))
VERSION = "{}.{}.{}".format(*sys.version_info[:3])
SITE = "lib/python{}.{}/site-packages".format(*sys.version_info[:2])


@pytest.fixture
def channel(tmp_path: Path) -> str:
    """python (the one that runs us, in a prefix of its own), and toyconda, which needs it."""
    from rattler import Subdir
    from rattler.index import index_fs

    root, here = tmp_path / "channel", str(Subdir.current())
    (root / "noarch").mkdir(parents=True)
    settings = {"pyvenv.cfg": f"home = {BASE.parent}\nversion_info = {VERSION}\n", f"{SITE}/README": ""}
    _package(root / here, "python", VERSION, settings, links={"bin/python": str(BASE)})
    metadata = "Metadata-Version: 2.1\nName: toyb\nVersion: 1.0\n"
    files = {f"{SITE}/toyb.py": "VERSION = '1.0'\n", f"{SITE}/toyb-1.0.dist-info/METADATA": metadata}
    _package(root / here, "toyconda", "1.0", files, depends=("python",))
    asyncio.run(index_fs(root))
    return root.as_uri()


def _package(
    folder: Path,
    name: str,
    version: str,
    files: dict[str, str],
    *,
    links: dict[str, str] | None = None,
    depends: tuple[str, ...] = (),
) -> None:
    folder.mkdir(exist_ok=True)
    links = links or {}
    described = {"name": name, "version": version, "build": "0", "build_number": 0, "depends": depends}
    paths = [{"_path": path, "path_type": "hardlink"} for path in files]
    paths += [{"_path": path, "path_type": "softlink"} for path in links]
    information = {
        "info/index.json": json.dumps({**described, "subdir": folder.name}),
        "info/files": "\n".join([*files, *links]),
        "info/paths.json": json.dumps({"paths_version": 1, "paths": paths}),
    }
    with tarfile.open(folder / f"{name}-{version}-0.tar.bz2", "w:bz2") as archive:
        for path, content in {**information, **files}.items():
            member = tarfile.TarInfo(path)
            member.size = len(content.encode())
            archive.addfile(member, io.BytesIO(content.encode()))
        for path, target in links.items():
            member = tarfile.TarInfo(path)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)


def conda(channel: str, *requirements: str, package: str = "toyconda") -> str:
    pip = ["- pip:", *(f"  - {line}" for line in requirements)] if requirements else []
    lines = ["channels:", f"- {channel}", "dependencies:", "- python", f"- {package}", *pip]
    return "\n".join(lines) + "\n"


def run(stage: Stage, key: str, code: str) -> str:
    command = [str(stage.environments.interpreter(key)), "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_conda_packages_are_solved_and_installed(stage: Stage, channel: str):
    version = stage.ensure(conda(channel))
    assert run(stage, version.key, "import toyb; print(toyb.VERSION)") == "1.0"


def test_a_second_ensure_reuses_them(stage: Stage, channel: str):
    first = stage.ensure(conda(channel))
    assert stage.plan(conda(channel)).action == "reuse"
    assert stage.ensure(conda(channel)) == first
    assert stage.heard.lines == []


def test_the_lock_names_each_file_by_digest_and_no_channel(stage: Stage, channel: str):
    lock = stage.environments.lock(stage.ensure(conda(channel)).key)
    assert lock.count("sha256=") == 2
    assert "channel" not in lock


def test_the_pip_part_is_installed_into_the_same_prefix(stage: Stage, channel: str, index: Index):
    index.publish("toya", "1.0")
    version = stage.ensure(conda(channel, "toya"))
    assert run(stage, version.key, "import toya, toyb; print(toya.VERSION)") == "1.0"


def test_console_scripts_of_the_pip_part_run_where_they_end_up(stage: Stage, channel: str, index: Index):
    index.publish("toya", "1.0")
    version = stage.ensure(conda(channel, "toya"))
    script = stage.environments.interpreter(version.key).with_name("toya")
    assert subprocess.run([script], check=True, capture_output=True, text=True).stdout == "1.0\n"


def test_what_conda_brings_is_not_replaced_by_pip(stage: Stage, channel: str, index: Index):
    index.publish("toya", "1.0", requires=("toyb",))
    index.publish("toyb", "1.0")
    index.publish("toyb", "2.0")
    version = stage.ensure(conda(channel, "toya"))
    assert "toyb" not in stage.environments.lock(version.key)
    assert run(stage, version.key, "import toyb; print(toyb.VERSION)") == "1.0"


def test_constraints_apply_to_the_pip_part(stage: Stage, channel: str, index: Index):
    for version in ("1.0", "2.0"):
        index.publish("toya", version)
    built = stage.ensure(conda(channel, "toya"), constraints="toya<2\n")
    assert run(stage, built.key, "import toya, toyb; print(toya.VERSION)") == "1.0"


def test_constraints_may_name_what_conda_brings(stage: Stage, channel: str, index: Index):
    index.publish("toya", "1.0")
    built = stage.ensure(conda(channel, "toya"), constraints="toyb==1.0\n")
    assert run(stage, built.key, "import toya, toyb; print(toyb.VERSION)") == "1.0"


def test_requirements_are_added_to_the_pip_part(stage: Stage, channel: str, index: Index):
    index.publish("toya", "1.0")
    built = stage.ensure(conda(channel), requirements="toya\n")
    assert run(stage, built.key, "import toya, toyb; print(toya.VERSION)") == "1.0"


def test_a_moved_prefix_is_built_again(stage: Stage, channel: str):
    stage.ensure(conda(channel))
    stage.root = stage.root.parent.rename(stage.root.parent.with_name("moved")) / "environments"
    assert stage.plan(conda(channel)).reasons[0].startswith("it was moved")
    assert run(stage, stage.ensure(conda(channel)).key, "import toyb; print(toyb.VERSION)") == "1.0"


def test_an_unknown_conda_package_is_named(stage: Stage, channel: str):
    with pytest.raises(StageError, match=r"solving its conda packages failed: .*nosuch"):
        stage.ensure(conda(channel, package="nosuch"))


def test_it_works_inside_an_event_loop(stage: Stage, channel: str):
    async def ensure() -> str:
        return stage.ensure(conda(channel)).key

    assert asyncio.run(ensure())
