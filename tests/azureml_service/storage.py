"""The workspace's storage: blobs on disk, and the datastore that describes how to access them."""

import base64
import hashlib
import json
import secrets
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any

from tests.azureml_service.addresses import WORKSPACE
from tests.azureml_service.routing import Refusal, Request, Response, Routes

ACCOUNT = "dressagestore"
BLOBSTORE = "workspaceblobstore"
CONTAINER = "azureml-blobstore"

routes = Routes()


@dataclass(frozen=True)
class Blob:
    """A blob. blocks: identifier and size of its blocks."""

    name: str
    size: int
    md5: str | None = None
    kind: str = "application/octet-stream"
    metadata: Mapping[str, str] = field(default_factory=dict)
    blocks: Sequence[tuple[str, int]] = ()
    etag: str = field(default_factory=lambda: f'"0x{secrets.token_hex(8).upper()}"')
    changed: str = field(default_factory=lambda: formatdate(usegmt=True))


@dataclass
class Storage:
    """Blobs in containers. Each blob has a folder with its content, its properties and its staged blocks.

    address: of the service, for signed addresses. lock: hold it to check a condition and then write.
    leases: by container and blob, the lease and when it ends.
    """

    folder: Path
    address: str
    lock: threading.RLock = field(default_factory=threading.RLock)
    leases: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        key = self.folder / "signature"
        if not key.exists():
            key.write_text(secrets.token_hex(32))
        self.signature = key.read_text()

    @property
    def token(self) -> str:
        """The shared access signature of every container."""
        return f"sv=2023-11-03&ss=b&srt=sco&sp=rwdlac&se=2099-12-31T00%3A00%3A00Z&sig={self.signature}"

    @property
    def endpoint(self) -> str:
        """The part of a blob's address after {account}.blob."""
        return f"dressage@{self.address.removeprefix('https://')}"

    def sign_address(self, container: str, name: str) -> str:
        """Return the address with which a client can read and write one blob."""
        return f"https://{ACCOUNT}.blob.{self.endpoint}/{container}/{name}?{self.token}"

    def _place(self, container: str, name: str) -> Path:
        return self.folder / container / hashlib.sha256(name.encode()).hexdigest()

    def find(self, container: str, name: str) -> Blob | None:
        known = self._place(container, name) / "blob.json"
        with self.lock:
            return Blob(**json.loads(known.read_text())) if known.exists() else None

    def content(self, container: str, name: str) -> Path:
        """Return the file with a blob's bytes."""
        return self._place(container, name) / "content"

    def blobs(self, container: str, prefix: str = "") -> list[Blob]:
        """Return the blobs whose names start with the prefix, in order."""
        with self.lock:
            files = (self.folder / container).glob("*/blob.json")
            known = [Blob(**json.loads(file.read_text())) for file in files]
        return sorted((blob for blob in known if blob.name.startswith(prefix)), key=lambda blob: blob.name)

    def put(self, container: str, name: str, parts: Iterator[bytes] | Sequence[bytes], **known: Any) -> Blob:
        """Write a whole blob, and delete its staged blocks. known: other fields of Blob."""
        place, size, md5 = self._place(container, name), 0, hashlib.md5(usedforsecurity=False)
        with self.lock:
            place.mkdir(parents=True, exist_ok=True)
            with (place / "content.part").open("wb") as file:
                for part in parts:
                    size += file.write(part)
                    md5.update(part)
            known["md5"] = known.get("md5") or base64.b64encode(md5.digest()).decode()
            blob = Blob(name, size, **known)
            (place / "content.part").replace(place / "content")
            (place / "blob.json").write_text(json.dumps(asdict(blob)))
            shutil.rmtree(place / "blocks", ignore_errors=True)
        return blob

    def stage(self, container: str, name: str, block: str, data: bytes) -> None:
        """Store a block until `commit`."""
        place = self._place(container, name) / "blocks"
        place.mkdir(parents=True, exist_ok=True)
        (place / block.encode().hex()).write_bytes(data)

    def staged_blocks(self, container: str, name: str) -> dict[str, int]:
        """Return the sizes of a blob's staged blocks."""
        files = (self._place(container, name) / "blocks").glob("*")
        return {bytes.fromhex(file.name).decode(): file.stat().st_size for file in sorted(files)}

    def commit(self, container: str, name: str, blocks: Sequence[str], **known: Any) -> Blob:
        """Write a blob from its staged blocks."""
        place, sizes = self._place(container, name) / "blocks", self.staged_blocks(container, name)
        parts = ((place / block.encode().hex()).read_bytes() for block in blocks)
        return self.put(container, name, parts, blocks=[(block, sizes[block]) for block in blocks], **known)

    def delete(self, container: str, name: str) -> None:
        with self.lock:
            shutil.rmtree(self._place(container, name))


def storage_of(service: Any) -> Storage:
    """Return the service's storage."""
    storage: Storage = service.area("storage", lambda: Storage(service.folder / "storage", service.address))
    return storage


def _datastore(service: Any) -> dict[str, Any]:
    """Return the workspace's datastore in the management API's format."""
    storage = storage_of(service)
    section = {
        "accountName": ACCOUNT,
        "containerName": CONTAINER,
        "endpoint": storage.endpoint,
        "protocol": "https",
        "credentialType": "Sas",
        "credential": storage.token,
        "isSas": True,
        "sasToken": storage.token,
        "serviceDataAccessAuthIdentity": "None",
    }
    if service.behaviour.keyless:
        section |= {"credentialType": "None", "credential": None, "isSas": False, "sasToken": None}
    return {
        "name": BLOBSTORE,
        "dataStoreType": "AzureBlob",
        "hasBeenValidated": True,
        "tags": {},
        "azureStorageSection": section,
    }


_DATASTORES = f"/datastore/v1.0{WORKSPACE}"


@routes.route("GET", f"{_DATASTORES}/default")
def _get_default(service: Any, request: Request, **_: str) -> Response:
    return Response(body=_datastore(service))


@routes.route("GET", f"{_DATASTORES}/datastores")
def _list(service: Any, request: Request, **_: str) -> Response:
    return Response(body={"value": [_datastore(service)]})


@routes.route("GET", f"{_DATASTORES}/datastores/{{name}}")
def _get(service: Any, request: Request, name: str, **_: str) -> Response:
    if name.lower() != BLOBSTORE:
        raise Refusal(404, "UserError", f"Could not find datastore with name: {name}")
    return Response(body=_datastore(service))
