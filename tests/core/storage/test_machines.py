"""Objects, versions and digests, whatever is called in whatever order."""

import hashlib
import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.machines import LONG, QUICK

from dressage.errors import StageError
from dressage.files.stamps import Stamp, stamp_of
from dressage.records.journal import now
from dressage.records.workspace import Workspace
from dressage.results.versions import File, ModelVersion, digest_of_files
from dressage.storage.hash_cache import HashCache
from dressage.storage.objects import ObjectStore
from dressage.storage.registry import ModelRegistry
from dressage.storage.versions import Versions

CONTENTS = st.sampled_from([b"", b"a", b"b", b"ab", b"ba", b"a" * 70_000])
SAME_SIZE = st.sampled_from([b"a", b"b"])
NAMES = st.sampled_from(["m", "n"])


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class InFolder(RuleBasedStateMachine):
    """A machine with a folder, which is a workspace."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="dressage-machine-"))
        Workspace(self.root / "workspace").create()
        self.workspace = self.root / "workspace"

    def teardown(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)


class Objects(InFolder):
    """The object store never returns wrong bytes, and finds all objects that nobody damaged.

    kept: the contents that must be there, by digest. Each rule uses a new store, as another process would.
    """

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, bytes] = {}
        self.damaged: set[str] = set()

    @property
    def store(self) -> ObjectStore:
        return ObjectStore(self.workspace / "objects")

    @rule(content=CONTENTS)
    def add(self, content: bytes) -> None:
        path = self.root / "file"
        path.write_bytes(content)
        file = self.store.add(path)
        assert file == File(path="file", size=len(content), sha256=sha256(content))
        self.kept[sha256(content)] = content
        self.damaged.discard(sha256(content))

    @rule(content=CONTENTS)
    def adopt(self, content: bytes) -> None:
        path = self.root / "adopted"
        path.write_bytes(content)
        assert self.store.adopt(path) == sha256(content)
        assert not path.exists()
        self.kept[sha256(content)] = content
        self.damaged.discard(sha256(content))

    @rule(content=CONTENTS)
    def die_while_adding(self, content: bytes) -> None:
        """A process was killed after it had copied a file, and before it moved it to its place."""
        path = self.root / "staged"
        path.write_bytes(content)
        store = self.store
        folder = store.aside / "killed"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        store.stage(str(path), "staged", str(folder / "0"), None)

    @precondition(lambda self: self.kept)
    @rule(data=st.data(), content=CONTENTS)
    def overwrite(self, data: st.DataObject, content: bytes) -> None:
        digest = data.draw(st.sampled_from(sorted(self.kept)))
        path = self.store.path(digest)
        path.chmod(0o644)
        path.write_bytes(content + b"!")
        self.lose(digest)
        self.damaged.add(digest)

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        digest = data.draw(st.sampled_from(sorted(self.kept)))
        self.store.path(digest).unlink()
        self.lose(digest)

    def lose(self, digest: str) -> None:
        del self.kept[digest]

    @rule(content=CONTENTS)
    def copy_out(self, content: bytes) -> None:
        file, target = File(path="sub/f", size=len(content), sha256=sha256(content)), self.root / "out"
        shutil.rmtree(target, ignore_errors=True)
        try:
            self.store.copy_out([file], target)
        except StageError:
            assert sha256(content) not in self.kept
        else:
            assert (target / "sub" / "f").read_bytes() == content

    @invariant()
    def what_nobody_damaged_is_found(self) -> None:
        wanted = [sha256(content) for content in (b"", b"a", b"b", b"ab", b"ba", b"a" * 70_000)]
        assert set(self.store.find(wanted)) == set(self.kept)

    @invariant()
    def what_is_damaged_is_named(self) -> None:
        assert {found.path.name for found in self.store.find_damage()} == self.damaged


class Digests(InFolder):
    """The hash cache never returns the digest of other bytes, unless a stamp says that nothing has changed.

    The clock of the files is ours: a tick lasts until `tick` is called, and files that change within a tick have the
    same modification time. used: what was ever written with a stamp.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ns = 1_700_000_000_123_456_789
        self.used: dict[Stamp, set[bytes]] = {}

    def write(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        self.date(path, content)

    def date(self, path: Path, content: bytes) -> None:
        os.utime(path, ns=(self.ns, self.ns))
        self.used.setdefault(stamp_of(path.stat()), set()).add(content)

    def path(self, name: str) -> Path:
        return self.root / name

    @rule(name=NAMES, content=SAME_SIZE)
    def write_in_place(self, name: str, content: bytes) -> None:
        self.write(self.path(name), content)

    @rule(name=NAMES, content=SAME_SIZE)
    def replace(self, name: str, content: bytes) -> None:
        self.write(self.path("new"), content)
        self.path("new").replace(self.path(name))

    @rule(name=NAMES, other=NAMES)
    def rename(self, name: str, other: str) -> None:
        if self.path(name).exists():
            self.path(name).replace(self.path(other))

    @rule()
    def tick(self) -> None:
        self.ns += 4_000_000_000

    @rule()
    def lose_the_cache(self) -> None:
        for file in self.workspace.glob("hashes.sqlite*"):
            file.unlink()

    @rule(content=SAME_SIZE, at=st.integers(0, 31), bit=st.integers(0, 7))
    def damage_the_cache(self, content: bytes, at: int, bit: int) -> None:
        """A bit of a digest changes, which SQLite does not notice; or a bit elsewhere, if the digest is not there."""
        path = self.workspace / "hashes.sqlite"
        if path.exists():
            stored = bytearray(path.read_bytes())
            stored[max(0, stored.find(hashlib.sha256(content).digest())) + at] ^= 1 << bit
            path.write_bytes(stored)

    @invariant()
    def digests_are_those_of_the_bytes(self) -> None:
        for path in filter(Path.exists, map(self.path, "mn")):
            assert HashCache(self.workspace).digest(path) in set(map(sha256, self.possible(path)))

    def possible(self, path: Path) -> set[bytes]:
        """Return what the cache may take for the bytes of a file."""
        return {path.read_bytes(), *self.used.get(stamp_of(path.stat()), ())}


class DigestsOnFat(Digests):
    """As above, on a file system that counts in steps of two seconds, as FAT does: a step may have many changes."""

    def date(self, path: Path, content: bytes) -> None:
        step = time.time_ns() // 2_000_000_000 * 2_000_000_000
        os.utime(path, ns=(step, step))

    def possible(self, path: Path) -> set[bytes]:
        return {path.read_bytes()}

    @rule()
    def tick(self) -> None:
        """Let no time pass."""


class RegisteredVersions(InFolder):
    """Versions count from 1, are never used twice, and are one for each content.

    versions: the contents by name and number. aliases: the numbers by name and alias.
    """

    def __init__(self) -> None:
        super().__init__()
        self.versions: dict[str, dict[int, bytes]] = {}
        self.last: dict[str, int] = {}
        self.aliases: dict[str, dict[str, int]] = {}
        self.damaged: set[tuple[str, int]] = set()

    @property
    def registry(self) -> ModelRegistry:
        return ModelRegistry(Workspace(self.workspace))

    def add(self, name: str, content: bytes, *, again: bool) -> ModelVersion:
        file = File(path="w", size=len(content), sha256=sha256(content))

        def make(number: int) -> ModelVersion:
            digest = digest_of_files([file])
            return ModelVersion(name=name, version=number, digest=digest, files=(file,), created=now())

        store = Versions(self.workspace / "models", ModelVersion)
        return store.add(name, digest_of_files([file]), make, again=again)

    @rule(name=NAMES, content=CONTENTS, again=st.booleans())
    def register(self, name: str, content: bytes, again: bool) -> None:
        known = self.versions.setdefault(name, {})
        same = [
            number for number, kept in known.items() if kept == content and (name, number) not in self.damaged
        ]
        version = self.add(name, content, again=again)
        if same and not again:
            assert version.version == max(same)
        else:
            assert version.version == self.last.get(name, 0) + 1
            known[version.version] = content
            self.last[name] = version.version

    @rule(name=NAMES, alias=st.sampled_from(["best", "live"]), data=st.data())
    def alias(self, name: str, alias: str, data: st.DataObject) -> None:
        usable = self.usable(name)
        if usable:
            number = data.draw(st.sampled_from(sorted(usable)))
            with self.registry.edit(name) as model:
                model.aliases[alias] = number
            self.aliases.setdefault(name, {})[alias] = number

    @rule(name=NAMES, data=st.data())
    def delete_version(self, name: str, data: st.DataObject) -> None:
        usable = self.usable(name)
        if usable:
            number = data.draw(st.sampled_from(sorted(usable)))
            self.registry.delete_version(name, number, now_ms=1)
            del self.versions[name][number]
            kept = self.aliases.get(name, {})
            self.aliases[name] = {alias: named for alias, named in kept.items() if named != number}

    @rule(
        name=NAMES, data=st.data(), content=st.sampled_from([b"", b"{", b"[]", b'{"version": 1}', b"\0" * 90])
    )
    def damage(self, name: str, data: st.DataObject, content: bytes) -> None:
        usable = self.usable(name)
        if usable:
            number = data.draw(st.sampled_from(sorted(usable)))
            (self.workspace / "models" / name / f"{number}.json").write_bytes(content)
            self.damaged.add((name, number))

    @rule(
        name=NAMES,
        stray=st.sampled_from(["1 (copy).json", "._1.json", "1.json.part", "01.json", "x.json", "٣.json"]),
    )
    def leave_a_stray_file(self, name: str, stray: str) -> None:
        folder = self.workspace / "models" / name
        if folder.is_dir():
            (folder / stray).write_text("{}")

    def usable(self, name: str) -> set[int]:
        return {number for number in self.versions.get(name, {}) if (name, number) not in self.damaged}

    @invariant()
    def all_that_is_not_damaged_is_listed(self) -> None:
        store = Versions(self.workspace / "models", ModelVersion)
        found = {(version.name, version.version): version.files[0].sha256 for version in store.iterate()}
        assert found == {
            (name, number): sha256(content)
            for name, versions in self.versions.items()
            for number, content in versions.items()
            if (name, number) not in self.damaged
        }

    @invariant()
    def aliases_name_what_they_were_given(self) -> None:
        for name in self.versions:
            model = self.registry.find(name)
            assert (model.aliases if model else {}) == self.aliases.get(name, {})

    @invariant()
    def what_is_damaged_is_named(self) -> None:
        named = {found.path for found in Versions(self.workspace / "models", ModelVersion).find_damage()}
        assert named == {self.workspace / "models" / name / f"{number}.json" for name, number in self.damaged}


@pytest.mark.parametrize("machine", [Objects, Digests, DigestsOnFat, RegisteredVersions])
def test_any_order_of_calls(machine: type[InFolder]):
    quick = settings(QUICK, max_examples=15) if machine is Objects else QUICK  # it waits for the disk
    run_state_machine_as_test(machine, settings=quick)


@pytest.mark.slow
@pytest.mark.parametrize("machine", [Objects, Digests, DigestsOnFat, RegisteredVersions])
def test_many_orders_of_calls(machine: type[InFolder]):
    run_state_machine_as_test(machine, settings=LONG)
