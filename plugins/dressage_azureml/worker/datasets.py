"""File datasets: web addresses are registered directly, local files are uploaded to the default datastore."""

import hashlib
import os

from failures import Problem, act_once, classify
from workspaces import open_workspace

DIGEST = "dressage.digest"
_BLOCK = 4 << 20


def find(progress, *, workspace, name, digest):
    """Return the version with this content (`found`, or None), and the highest version of the name (`latest`)."""
    latest = _latest(workspace).get(name)
    if latest is None:
        return {"latest": 0, "found": None}
    version = next(
        (one for one in _versions(workspace, name, latest) if one.tags.get(DIGEST) == digest), None
    )
    return {"latest": latest.version, "found": _describe(version) if version else None}


def list_all(progress, *, workspace, name=None):
    """Return the latest version of each dataset, or all versions of the named one."""
    latest = _latest(workspace)
    if name is None:
        return [_describe(one) for one in latest.values()]
    return [_describe(one) for one in _versions(workspace, name, latest[name])] if name in latest else []


def register(progress, *, workspace, name, digest, description, tags, addresses=None, folder=None):
    """Register web addresses, or a folder of the default datastore, unless a version has this content already."""
    from azureml.core import Dataset

    existing = find(progress, workspace=workspace, name=name, digest=digest)["found"]
    if existing:
        return existing
    opened = open_workspace(workspace)
    path = (opened.get_default_datastore(), folder) if folder else addresses
    dataset = Dataset.File.from_files(path=path, validate=False)
    tags = {**tags, DIGEST: digest}
    return act_once(
        lambda: _describe(
            dataset.register(opened, name=name, description=description, tags=tags, create_new_version=True)
        ),
        lambda: find(progress, workspace=workspace, name=name, digest=digest)["found"],
    )


def upload(progress, *, workspace, path, target, sha256):
    """Upload a file to the default datastore. A repeated upload sends only the blocks that are missing."""
    store = open_workspace(workspace).get_default_datastore()
    if store.credential_type == "None":
        raise Problem(
            "credentials",
            f"datastore {store.name!r} has neither an account key nor a SAS token, and uploads need one; add one in"
            " the studio, or use web addresses instead of files",
        )
    blob = store.blob_service.get_blob_client(store.container_name, target)
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


def _latest(workspace):
    from azureml.core import Dataset

    return {one.name: one for one in Dataset.get_all(open_workspace(workspace)).registrations}


def _versions(workspace, name, latest):
    """Yield the versions, highest first, without deleted ones."""
    from azureml.core import Dataset

    yield latest
    for number in range(latest.version - 1, 0, -1):
        try:
            yield Dataset.get_by_name(open_workspace(workspace), name, version=number)
        except Exception as error:
            if classify(error)[0] != "missing":
                raise


def _list_staged_blocks(blob):
    """Return the names of the blocks that an interrupted upload already sent."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        _, uncommitted = blob.get_block_list("all")
    except ResourceNotFoundError:
        return set()
    return {block.id for block in uncommitted}


def _describe(dataset):
    tags = dict(dataset.tags or {})
    return {
        "name": dataset.name,
        "version": dataset.version,
        "digest": tags.pop(DIGEST, ""),
        "tags": tags,
        "description": dataset.description or "",
    }
