"""The protocol of blob storage: block blobs. Includes the routes of containers."""

import base64
import hashlib
import time
import uuid
from typing import Any
from xml.etree import ElementTree as Xml

from tests.azureml_service.blobwire import BlobRefusal, answer, check_signature, element
from tests.azureml_service.containers import routes as containers
from tests.azureml_service.routing import Request, Response, Routes
from tests.azureml_service.storage import Blob, Storage

routes = Routes(list(containers.table))
_BLOB = "/azureml-{area}/{name:path}"


def _check_conditions(request: Request, blob: Blob | None) -> None:
    wanted, unwanted = request.headers.get("if-match"), request.headers.get("if-none-match")
    if blob and unwanted == "*":
        raise BlobRefusal(409, "BlobAlreadyExists", "The specified blob already exists.")
    mismatch = wanted not in (None, "*") and (blob is None or blob.etag != wanted)
    if mismatch or (wanted == "*" and not blob) or (blob and unwanted == blob.etag):
        raise BlobRefusal(412, "ConditionNotMet", "The condition specified is not met.")


def _md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def _check_digest(request: Request) -> None:
    sent = request.headers.get("content-md5")
    if sent and sent != _md5(request.body):
        raise BlobRefusal(400, "Md5Mismatch", "The MD5 value specified in the request did not match.")


def _properties(request: Request) -> dict[str, Any]:
    """Return the blob's properties from an upload's headers."""
    headers = request.headers
    metadata = {
        name.removeprefix("x-ms-meta-"): headers[name] for name in headers if name.startswith("x-ms-meta-")
    }
    kind = headers.get("x-ms-blob-content-type", "application/octet-stream")
    return {"md5": headers.get("x-ms-blob-content-md5"), "kind": kind, "metadata": metadata}


def _find_existing(storage: Storage, container: str, name: str) -> Blob:
    blob = storage.find(container, name)
    if blob is None:
        raise BlobRefusal(404, "BlobNotFound", "The specified blob does not exist.")
    return blob


def _headers(blob: Blob) -> dict[str, str]:
    """Return a blob's response headers."""
    metadata = {f"x-ms-meta-{key}": value for key, value in blob.metadata.items()}
    known = {
        "ETag": blob.etag,
        "Last-Modified": blob.changed,
        "Content-Type": blob.kind,
        "Accept-Ranges": "bytes",
    }
    return {**known, "x-ms-blob-type": "BlockBlob", "x-ms-blob-content-md5": blob.md5 or "", **metadata}


@routes.route("PUT", _BLOB)
@check_signature
def _put(storage: Storage, request: Request, container: str, name: str) -> Response:
    """Put Blob, Put Block or Put Block List."""
    _check_digest(request)
    action = {"block": _put_block, "blocklist": _put_block_list, "lease": _lease, None: _put_blob}.get(
        request.query.get("comp")
    )
    if action is None:
        raise BlobRefusal(400, "InvalidQueryParameterValue", "This operation is not known.")
    with storage.lock:
        return action(storage, request, container, name)


def _put_block(storage: Storage, request: Request, container: str, name: str) -> Response:
    block, others = request.query.get("blockid"), storage.staged_blocks(container, name)
    if not block or any(len(other) != len(block) for other in others):
        raise BlobRefusal(
            400, "InvalidBlobOrBlock", "The block's identifier is missing, or longer or shorter than others."
        )
    storage.stage(container, name, block, request.body)
    return Response(201, headers={"Content-MD5": _md5(request.body)})


def _put_block_list(storage: Storage, request: Request, container: str, name: str) -> Response:
    blocks = [each.text or "" for each in Xml.fromstring(request.body)]  # noqa: S314
    _check_conditions(request, storage.find(container, name))
    if set(blocks) - set(storage.staged_blocks(container, name)):
        raise BlobRefusal(400, "InvalidBlockList", "The specified block list is invalid.")
    return _created(storage.commit(container, name, blocks, **_properties(request)))


def _put_blob(storage: Storage, request: Request, container: str, name: str) -> Response:
    if request.headers.get("x-ms-blob-type") != "BlockBlob":
        raise BlobRefusal(400, "InvalidHeaderValue", "x-ms-blob-type must be BlockBlob.")
    _check_conditions(request, storage.find(container, name))
    _check_lease(storage, request, container, name)
    return _created(storage.put(container, name, [request.body], **_properties(request)))


def _lease(storage: Storage, request: Request, container: str, name: str) -> Response:
    """Acquire or release a lease."""
    _find_existing(storage, container, name)
    key, action = (container, name), request.headers["x-ms-lease-action"]
    held = storage.leases.get(key)
    if action == "acquire":
        if held and held[1] > time.monotonic():
            raise BlobRefusal(409, "LeaseAlreadyPresent", "There is already a lease present.")
        lease = request.headers.get("x-ms-proposed-lease-id") or str(uuid.uuid4())
        storage.leases[key] = (lease, time.monotonic() + float(request.headers["x-ms-lease-duration"]))
        return Response(201, headers={"x-ms-lease-id": lease, "ETag": '"0x1"'})
    if action != "release" or held is None or held[0] != request.headers["x-ms-lease-id"]:
        raise BlobRefusal(409, "LeaseIdMismatchWithLeaseOperation", "The lease ID did not match.")
    del storage.leases[key]
    return Response(200, headers={"ETag": '"0x1"'})


def _check_lease(storage: Storage, request: Request, container: str, name: str) -> None:
    held, given = storage.leases.get((container, name)), request.headers.get("x-ms-lease-id")
    if held and held[1] > time.monotonic() and given != held[0]:
        raise BlobRefusal(412, "LeaseIdMissing", "There is currently a lease on the blob.")
    if given and (held is None or held[0] != given):
        raise BlobRefusal(412, "LeaseIdMismatchWithBlobOperation", "The lease ID did not match.")


def _created(blob: Blob) -> Response:
    return Response(
        201, headers={"ETag": blob.etag, "Last-Modified": blob.changed, "Content-MD5": blob.md5 or ""}
    )


@routes.route("HEAD", _BLOB)
@check_signature
def _head(storage: Storage, request: Request, container: str, name: str) -> Response:
    blob = _find_existing(storage, container, name)
    return Response(
        headers={**_headers(blob), "Content-Length": str(blob.size), "Content-MD5": blob.md5 or ""}
    )


@routes.route("GET", _BLOB)
@check_signature
def _get(storage: Storage, request: Request, container: str, name: str) -> Response:
    """Get Block List, or Get Blob, whole or a range."""
    if request.query.get("comp") == "blocklist":
        return _block_list(storage, container, name)
    blob = _find_existing(storage, container, name)
    _check_conditions(request, blob)
    wanted = request.headers.get("x-ms-range") or request.headers.get("range")
    if not wanted:
        data = storage.content(container, name).read_bytes()
        return Response(200, data, {**_headers(blob), "Content-MD5": blob.md5 or ""})
    return _range(storage, container, blob, wanted)


def _range(storage: Storage, container: str, blob: Blob, wanted: str) -> Response:
    start, _, end = wanted.removeprefix("bytes=").partition("-")
    first, last = int(start), min(int(end), blob.size - 1) if end else blob.size - 1
    if first >= blob.size:
        raise BlobRefusal(
            416, "InvalidRange", "The range specified is invalid for the current size of the resource."
        )
    with storage.content(container, blob.name).open("rb") as file:
        file.seek(first)
        data = file.read(last - first + 1)
    return Response(206, data, {**_headers(blob), "Content-Range": f"bytes {first}-{last}/{blob.size}"})


def _block_list(storage: Storage, container: str, name: str) -> Response:
    blob, staged = storage.find(container, name), storage.staged_blocks(container, name)
    if blob is None and not staged:
        raise BlobRefusal(404, "BlobNotFound", "The specified blob does not exist.")

    def to_xml(tag: str, blocks: list[tuple[str, int]]) -> Xml.Element:
        return element(
            tag, *(element("Block", element("Name", key), element("Size", size)) for key, size in blocks)
        )

    committed = to_xml("CommittedBlocks", list(blob.blocks) if blob else [])
    return answer(element("BlockList", committed, to_xml("UncommittedBlocks", list(staged.items()))))


@routes.route("DELETE", _BLOB)
@check_signature
def _delete(storage: Storage, request: Request, container: str, name: str) -> Response:
    _check_conditions(request, _find_existing(storage, container, name))
    storage.delete(container, name)
    return Response(202)
