"""File datasets: web addresses as they are, local files in the default datastore below their content's digest."""

import hashlib
import os

from failures import Problem, surely, told
from workspaces import opened

DIGEST = "dressage.digest"
_BLOCK = 4 << 20


def find(tell, *, workspace, name, digest):
    """The version of that content; None if there is none. `latest` is the highest version of the name."""
    latest = _latest(workspace).get(name)
    if latest is None:
        return {"latest": 0, "found": None}
    version = next(
        (one for one in _versions(workspace, name, latest) if one.tags.get(DIGEST) == digest), None
    )
    return {"latest": latest.version, "found": _shown(version) if version else None}


def all_of(tell, *, workspace, name=None):
    """The latest version of each; or all versions of one."""
    latest = _latest(workspace)
    if name is None:
        return [_shown(one) for one in latest.values()]
    return [_shown(one) for one in _versions(workspace, name, latest[name])] if name in latest else []


def register(tell, *, workspace, name, digest, description, tags, addresses=None, folder=None):
    """A version of web addresses, or of a folder in the default datastore; the one that is there, if it is."""
    from azureml.core import Dataset

    there = find(tell, workspace=workspace, name=name, digest=digest)["found"]
    if there:
        return there
    found = opened(workspace)
    path = (found.get_default_datastore(), folder) if folder else addresses
    described = Dataset.File.from_files(path=path, validate=False)
    tags = {**tags, DIGEST: digest}
    return surely(
        lambda: _shown(
            described.register(found, name=name, description=description, tags=tags, create_new_version=True)
        ),
        lambda: find(tell, workspace=workspace, name=name, digest=digest)["found"],
    )


def upload(tell, *, workspace, path, target, sha256):
    """Put a file into the default datastore, in blocks that need not be sent again after a dropped connection."""
    store = opened(workspace).get_default_datastore()
    if store.credential_type == "None":
        raise Problem(
            "credentials",
            f"datastore {store.name!r} has neither an account key nor a signature, and uploads need one; give it one"
            " in the studio, or name web addresses in place of files",
        )
    blob = store.blob_service.get_blob_client(store.container_name, target)
    size = os.path.getsize(path)
    if blob.exists() and blob.get_blob_properties().metadata.get("sha256") == sha256:
        return size
    staged, blocks, whole = _staged(blob), [], hashlib.sha256()
    with open(path, "rb") as file:
        for data in iter(lambda: file.read(_BLOCK), b""):
            whole.update(data)
            blocks.append(_name(len(blocks), data))
            if blocks[-1] not in staged:
                blob.stage_block(blocks[-1], data, validate_content=True)
            tell(os.path.basename(path), min(size, len(blocks) * _BLOCK), size)
    if whole.hexdigest() != sha256:
        raise Problem("changed", f"file {path!r} changed while it was uploaded; run it again")
    blob.commit_block_list(blocks, metadata={"sha256": sha256})
    return size


def _name(number, data):
    """A block's name says what it holds, so that one that is there need not be sent. All are of one length."""
    return f"{number:06d}-{hashlib.sha256(data).hexdigest()[:32]}"


def files(tell, *, workspace, name, version):
    """The paths of a version's files, as a node sees them below the dataset's folder."""
    from azureml.core import Dataset

    return list(Dataset.get_by_name(opened(workspace), name, version=version).to_path())


def download(tell, *, workspace, name, version, target):
    """Put a version's files into the folder."""
    from azureml.core import Dataset

    dataset = Dataset.get_by_name(opened(workspace), name, version=version)
    expected = len(dataset.to_path())
    paths = dataset.download(target, overwrite=True)
    if len(paths) != expected:
        raise Problem(
            "missing", f"dataset {name}:{version}: {len(paths)} of {expected} files arrived; run it again"
        )
    return paths


def _latest(workspace):
    from azureml.core import Dataset

    return {one.name: one for one in Dataset.get_all(opened(workspace)).registrations}


def _versions(workspace, name, latest):
    """From the highest version down; one that was deleted is left out."""
    from azureml.core import Dataset

    yield latest
    for number in range(latest.version - 1, 0, -1):
        try:
            yield Dataset.get_by_name(opened(workspace), name, version=number)
        except Exception as error:
            if told(error)[0] != "missing":
                raise


def _staged(blob):
    """The names of the blocks that an earlier, interrupted upload left."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        _, uncommitted = blob.get_block_list("all")
    except ResourceNotFoundError:
        return set()
    return {block.id for block in uncommitted}


def _shown(dataset):
    tags = dict(dataset.tags or {})
    return {
        "name": dataset.name,
        "version": dataset.version,
        "digest": tags.pop(DIGEST, ""),
        "tags": tags,
        "description": dataset.description or "",
    }
