"""Snapshots of source folders: a tree of names, and the files' bytes."""

from __future__ import annotations

import io
import shutil
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.azureml_service.addresses import WORKSPACE, now, sign
from tests.azureml_service.routing import Refusal, Request, Response, Routes
from tests.azureml_service.storage import storage_of

if TYPE_CHECKING:
    from tests.azureml_service.service import Service

routes = Routes()
CONTAINER = "azureml-snapshots"
CONTENT = f"/content/v2.0{WORKSPACE}/snapshots"
EMPTY: dict[str, Any] = {
    "name": "",
    "hash": None,
    "type": "Directory",
    "timestamp": "0001-01-01T00:00:00Z",
    "children": {},
}


def restore(service: Service, snapshot: str, folder: Path) -> None:
    """Write a snapshot's files to a folder."""
    for name, source in files(service, snapshot).items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def files(service: Service, snapshot: str) -> dict[str, Path]:
    """Return a snapshot's files by name, each with the path of its bytes."""
    found = service.area("snapshots").get(snapshot)
    if not found:
        raise Refusal(404, "SnapshotNotFound", f"There is no snapshot {snapshot}.")
    return dict(found["files"])


@routes.route("GET", f"/content/v1.0{WORKSPACE}/snapshots/latest/metadata")
def latest(service: Service, request: Request) -> Response:
    """Return the snapshot that a new client compares with: an empty one."""
    return Response(200, {"id": str(uuid.UUID(int=0)), "root": EMPTY, "createdTime": now()})


@routes.route("POST", f"{CONTENT}/getblob")
def assign_addresses(service: Service, request: Request) -> Response:
    """Return addresses to which the client uploads its files."""
    names = request.json()["FileNames"]
    sign = storage_of(service).sign_address
    nodes = [{"fullName": name, "blobUri": sign(CONTAINER, str(uuid.uuid4()))} for name in names]
    return Response(200, {"fileNodes": nodes})


@routes.route("POST", f"{CONTENT}/{{snapshot}}")
def create(service: Service, request: Request, snapshot: str) -> Response:
    """Create a snapshot from new files and the parent's files that are still in its tree."""
    body = request.json()
    root = body["DirTreeNode"]
    sent = {node["FullName"]: _find_upload(service, node) for node in body["FileRevisionList"]["FileNodes"]}
    parent = service.area("snapshots").get(body["ParentSnapshotId"], {"files": {}})["files"]
    known = {}
    for name in _names(root):
        if name not in sent and name not in parent:
            raise Refusal(400, "MissingFile", f"Neither the snapshot nor its parent has {name}.")
        known[name] = sent.get(name) or parent[name]
    service.area("snapshots")[snapshot] = {"files": known, "root": root, "properties": body["Properties"]}
    return Response(200, {"id": snapshot, "createdTime": now()})


def _find_upload(service: Service, node: dict[str, Any]) -> Path:
    storage, number = storage_of(service), node["BlobUri"].split("?")[0].rsplit("/", 1)[1]
    blob = storage.find(CONTAINER, number)
    if blob is None or blob.size != node["FileSize"]:
        raise Refusal(400, "MissingBlob", f"{node['FullName']} was not uploaded completely.")
    return storage.content(CONTAINER, number)


def _names(node: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, child in node["children"].items():
        if child["type"] == "File":
            yield prefix + name
        else:
            yield from _names(child, f"{prefix}{name}/")


@routes.route("POST", f"{CONTENT}/{{snapshot}}/zip", changes=False)
def archive(service: Service, request: Request, snapshot: str) -> Response:
    """Return the address of the snapshot as a zip file."""
    files(service, snapshot)
    return Response(200, {"zipSasUri": sign(f"{service.address}/snapshotzips/{snapshot}")})


@routes.route("GET", "/snapshotzips/{snapshot}")
def zip_files(service: Service, request: Request, snapshot: str) -> Response:
    """Return a snapshot as a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name, path in files(service, snapshot).items():
            target.write(path, name)
    return Response(200, buffer.getvalue())
