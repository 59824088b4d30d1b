"""The protocol of blob storage: containers and their listings."""

from xml.etree import ElementTree as Xml

from tests.azureml_service.blobwire import answer, check_signature, element
from tests.azureml_service.routing import Request, Response, Routes
from tests.azureml_service.storage import Blob, Storage

routes = Routes()


@routes.route("GET", "/azureml-{area}")
@check_signature
def _get_container(storage: Storage, request: Request, container: str) -> Response:
    """List Blobs, or the container's properties."""
    if request.query.get("comp") != "list":
        return Response(headers={"ETag": '"0x1"', "x-ms-lease-state": "available"})
    prefix, mark = request.query.get("prefix", ""), request.query.get("marker", "")
    entries = _entries(storage.blobs(container, prefix), prefix, request.query.get("delimiter"))
    limit = int(request.query.get("maxresults", 5000))
    page = [name for name in entries if name >= mark]
    following = page[limit] if len(page) > limit else ""
    listed = element("Blobs", *(entries[name] for name in page[:limit]))
    return answer(
        element("EnumerationResults", element("Prefix", prefix), listed, element("NextMarker", following))
    )


def _entries(blobs: list[Blob], prefix: str, delimiter: str | None) -> dict[str, Xml.Element]:
    """Return the entries of a listing by name: blobs, and with a delimiter the folders at this level."""
    entries: dict[str, Xml.Element] = {}
    for blob in blobs:
        head, cut, _ = (
            blob.name.removeprefix(prefix).partition(delimiter) if delimiter else (blob.name, "", "")
        )
        if cut:
            folder = f"{prefix}{head}{cut}"
            entries[folder] = element("BlobPrefix", element("Name", folder))
        else:
            entries[blob.name] = _entry(blob)
    return entries


def _entry(blob: Blob) -> Xml.Element:
    known: dict[str, str | int | None] = {
        "Creation-Time": blob.changed,
        "Last-Modified": blob.changed,
        "Etag": blob.etag,
        "Content-Length": blob.size,
        "Content-Type": blob.kind,
        "Content-MD5": blob.md5,
        "BlobType": "BlockBlob",
    }
    properties = element("Properties", *(element(key, value) for key, value in known.items()))
    return element("Blob", element("Name", blob.name), properties)


@routes.route("PUT", "/azureml-{area}")
@check_signature
def _create_container(storage: Storage, request: Request, container: str) -> Response:
    (storage.folder / container).mkdir(parents=True, exist_ok=True)
    return Response(201, headers={"ETag": '"0x1"'})
