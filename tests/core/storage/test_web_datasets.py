"""Datasets from web addresses: what a plan says about them, and what later downloads are compared with."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faultserver import FaultServer, other, serve_faults
from tests.fixtures import Dressage
from tests.recipes import Tiny

from dressage import Engine, FileDataset, SettingsError, Source, SpecError, StageError, hookimpl
from dressage.files.encoding import from_json, to_json
from dressage.files.trees import remove_tree
from dressage.results.versions import DatasetVersion
from dressage.specs.datasets import check_sources
from dressage.storage.sources import sources_of

DATA = b"1,2,3\n" * 1000
UNVERIFIABLE = "the bytes of 'a.csv' cannot be verified: neither sha256 nor size is declared"


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with serve_faults({"/a.csv": DATA, "/b.csv": b"b"}) as state:
        yield state


def dataset(
    server: FaultServer, *names: str, size: int | None = None, sha256: str | None = None
) -> FileDataset:
    sources = (
        Source(path=name, addresses=(f"{server.address}/{name}",), size=size, sha256=sha256) for name in names
    )
    return FileDataset(name="web", sources=tuple(sources))


def register(engine: Engine, described: FileDataset) -> DatasetVersion:
    engine.workspace.create()
    return engine.platform().datasets.ensure(described, lambda *_: None)


def forget_bytes(engine: Engine, version: DatasetVersion) -> None:
    """Remove the files of a version from the workspace."""
    remove_tree(engine.workspace.root / "datasets" / version.name / str(version.version))
    shutil.rmtree(engine.workspace.root / "objects")


def test_a_plan_says_that_a_file_cannot_be_verified(engine: Engine, server: FaultServer):
    assert UNVERIFIABLE in engine.platform().datasets.plan(dataset(server, "a.csv")).reasons


def test_a_plan_counts_the_files_that_cannot_be_verified(engine: Engine, server: FaultServer):
    reasons = engine.platform().datasets.plan(dataset(server, "a.csv", "b.csv")).reasons
    assert "the bytes of 'a.csv' and 1 more file cannot be verified: " in reasons[-1]


@pytest.mark.parametrize("known", [{"size": len(DATA)}, {"sha256": "0" * 64}])
def test_a_plan_does_not_say_so_if_the_size_or_the_digest_is_known(
    engine: Engine, server: FaultServer, known: dict[str, int | str]
):
    reasons = engine.platform().datasets.plan(dataset(server, "a.csv", **known)).reasons  # type: ignore[arg-type]
    assert "cannot be verified" not in " ".join(reasons)


def test_a_plan_does_not_say_so_after_the_first_download(engine: Engine, server: FaultServer):
    register(engine, dataset(server, "a.csv"))
    plan = engine.platform().datasets.plan(dataset(server, "a.csv"))
    assert (plan.action, plan.reasons) == ("reuse", ())


def test_a_later_download_of_a_version_is_verified(engine: Engine, server: FaultServer):
    version = register(engine, dataset(server, "a.csv"))
    forget_bytes(engine, version)
    server.files["/a.csv"] = other(DATA)
    with pytest.raises(StageError, match="checksum mismatch"):
        register(engine, dataset(server, "a.csv"))


def test_a_version_is_downloaded_again_if_its_bytes_are_the_same(engine: Engine, server: FaultServer):
    version = register(engine, dataset(server, "a.csv"))
    forget_bytes(engine, version)
    again = register(engine, dataset(server, "a.csv"))
    folder = engine.workspace.root / "datasets" / "web" / "1"
    assert (again.version, (folder / "a.csv").read_bytes()) == (1, DATA)


def test_the_limits_of_downloads_are_those_of_the_settings(engine: Engine, server: FaultServer):
    (engine.directory / "dressage.toml").write_text(
        "[downloads]\nstall_seconds = 0.3\nmin_bytes_per_second = 1e6\n"
    )
    server.always = "one byte at a time"
    with pytest.raises(StageError, match=r"too slow: .*min_bytes_per_second = 1e\+06 in \[downloads\]"):
        register(engine, dataset(server, "a.csv"))


@pytest.mark.parametrize(
    "address",
    [
        "http://[::bad",
        "http://[::zz]/a",
        "http://",
        "https:///a",
        "http://host:99999/a",
        "http://host:port/a",
        "http://host:0/a",
        "http://a b/a",
        "http://host/a b",
        "http://a..b/a",
        f"http://{'a' * 64}/a",
        "http://☃.net/a",
        "http://host\\a/a",
        "http://host/a\n",
    ],
)
def test_an_address_that_cannot_be_used_is_refused(address: str):
    described = FileDataset(name="d", sources=(Source(path="a", addresses=(address,)),))
    with pytest.raises(SpecError, match="is not a complete web address; write it like"):
        check_sources(described)
    with pytest.raises(SettingsError, match="is not a complete web address; write it like"):
        sources_of(address)


@pytest.mark.parametrize("address", ["ftp://host/a", "s3://bucket/a", "hppt://host/a"])
def test_an_unknown_scheme_is_refused(address: str):
    with pytest.raises(SettingsError, match=f"source '{address}' is not a complete web address"):
        sources_of(address)


@pytest.mark.parametrize(
    "address", ["http://[::1]:80/a", "http://bücher.example/ä", "https://u:p@a_b.c:8443/x?y=1"]
)
def test_an_unusual_address_is_accepted(address: str):
    check_sources(FileDataset(name="d", sources=(Source(path="a", addresses=(address,)),)))


def test_the_command_line_names_an_address_that_cannot_be_used(dressage: Dressage):
    result = dressage("datasets", "register", "web", "http://[::bad")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "source 'http://[::bad' is not a complete web address" in result.stderr


class Unusable(Tiny):
    """A recipe whose data has an address that cannot be used."""

    @hookimpl
    def dataset(self) -> FileDataset:
        return FileDataset(name="d", sources=(Source(path="a", addresses=("http://[::bad",)),))


def test_a_plan_refuses_a_source_that_cannot_be_downloaded(engine: Engine, project: Path):
    engine.plugins.add("recipe", "tiny", Unusable(project))
    with pytest.raises(SpecError, match=r"source 'a': 'http://\[::bad' is not a complete web address"):
        engine.plan("tiny")


def test_a_record_with_such_a_source_can_still_be_read():
    """Runs of earlier versions may have one."""
    source = Source(path="a", addresses=("http://host/a b",))
    assert from_json(Source, to_json(source)) == source
