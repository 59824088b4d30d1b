"""File datasets: web addresses are registered directly, local files are uploaded to the default datastore."""

import hashlib
import itertools
import os

from claims import claim, read_version
from failures import Problem, act_once, classify
from registrations import DIGEST, FILES, SIZE, newest, version_of
from storage import datastore_of, use_container
from workspaces import open_workspace

_BLOCK = 4 << 20
_LOOK_BACK = 10
"""How many versions are looked at for a content that a killed client registered and did not note."""


def find(progress, *, workspace, name, digest):
    """Return the version with this content (`found`, or None), and the highest version of the name (`latest`)."""
    latest = version_of(workspace, name)
    if latest is None:
        return {"latest": 0, "found": None}
    found = latest if latest["digest"] == digest else _find_noted(workspace, name, digest)
    return {"latest": latest["version"], "found": found}


def list_all(progress, *, workspace, name=None):
    """Return the newest version of each dataset, or all versions of the named one."""
    return newest(workspace) if name is None else list(_versions(workspace, name))


def register(
    progress, *, workspace, name, digest, description, tags, files, size, addresses=None, folder=None
):
    """Register web addresses, or a folder of the default datastore, unless a version has this content already.

    files: how many there are. size: their size in bytes; None if it is unknown.
    """
    with claim(workspace, name, digest) as note:
        found = find(progress, workspace=workspace, name=name, digest=digest)["found"]
        found = found or _look_back(workspace, name, digest)
        if found is None:
            kept = {DIGEST: digest, FILES: str(files), **({} if size is None else {SIZE: str(size)})}
            found = _register(workspace, name, description, {**tags, **kept}, addresses, folder)
        note(found["version"])
    return found


def _register(workspace, name, description, tags, addresses, folder):
    from azureml.core import Dataset

    path = (datastore_of(workspace), folder) if folder else addresses
    dataset = Dataset.File.from_files(path=path, validate=False)

    def act():
        registered = dataset.register(
            open_workspace(workspace), name=name, description=description, tags=tags, create_new_version=True
        )
        return version_of(workspace, name, registered.version)

    return act_once(act, lambda: _look_back(workspace, name, tags[DIGEST]))


def upload(progress, *, workspace, path, target, sha256):
    """Upload a file to the default datastore. A repeated upload sends only the blocks that are missing."""
    return use_container(
        workspace, lambda container: _upload(progress, container.get_blob_client(target), path, sha256)
    )


def _upload(progress, blob, path, sha256):
    size = os.path.getsize(path)
    if blob.exists() and blob.get_blob_properties().metadata.get("sha256") == sha256:
        return size
    staged, blocks, total = _list_staged_blocks(blob), [], hashlib.sha256()
    with open(path, "rb") as file:
        for data in iter(lambda: file.read(_BLOCK), b""):
            total.update(data)
            blocks.append(_block_name(len(blocks), data))
            if blocks[-1] not in staged:
                blob.stage_block(blocks[-1], data, validate_content=True)
            progress(os.path.basename(path), min(size, len(blocks) * _BLOCK), size)
    if total.hexdigest() != sha256:
        raise Problem("changed", f"file {path!r} changed while it was uploaded; run it again")
    blob.commit_block_list(blocks, metadata={"sha256": sha256})
    return size


def _block_name(number, data):
    """Name a block by its content, to recognise it when it is already uploaded. Azure wants names of equal length."""
    return f"{number:06d}-{hashlib.sha256(data).hexdigest()[:32]}"


def files(progress, *, workspace, name, version):
    """Return the paths of a version's files, relative to the dataset's folder on a node."""
    from azureml.core import Dataset

    return list(Dataset.get_by_name(open_workspace(workspace), name, version=version).to_path())


def download(progress, *, workspace, name, version, target):
    """Download a version's files into the folder."""
    from azureml.core import Dataset

    dataset = Dataset.get_by_name(open_workspace(workspace), name, version=version)
    expected = len(dataset.to_path())
    paths = dataset.download(target, overwrite=True)
    if len(paths) != expected:
        raise Problem(
            "missing",
            f"dataset {name}:{version}: {len(paths)} of {expected} files were downloaded; run it again",
        )
    return paths


def _find_noted(workspace, name, digest):
    """Return the version that is noted for the content, if it still exists and has this content."""
    number = read_version(workspace, name, digest)
    found = version_of(workspace, name, number) if number else None
    return found if found and found["digest"] == digest else None


def _look_back(workspace, name, digest):
    """Return the version with this content among the newest ones, or None."""
    newest_first = itertools.islice(_versions(workspace, name), _LOOK_BACK)
    return next((one for one in newest_first if one["digest"] == digest), None)


def _versions(workspace, name):
    """Yield the versions, highest first, without deleted ones."""
    latest = version_of(workspace, name)
    if latest is None:
        return
    yield latest
    for number in range(latest["version"] - 1, 0, -1):
        if found := version_of(workspace, name, number):
            yield found


def _list_staged_blocks(blob):
    """Return the names of the blocks that an interrupted upload already sent."""
    try:
        _, uncommitted = blob.get_block_list("all")
    except Exception as error:
        if classify(error)[0] != "missing":
            raise
        return set()
    return {block.id for block in uncommitted}
