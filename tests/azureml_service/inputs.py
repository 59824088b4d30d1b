"""A dataset's files on the node that runs a script, in the folders that Azure ML would create."""

import hashlib
import json
import re
import shutil
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from urllib.request import urlopen

import yaml

from tests.azureml_service.definitions import datasets_of
from tests.azureml_service.storage import CONTAINER, Blob, Storage, storage_of

Sources = Mapping[str, Blob | str]
_WILD = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}


def materialise(service: Any, dataset_id: str) -> Path:
    """Return a folder with the current files of a dataset. The folder is created once per content."""
    sources = _sources(service, dataset_id)
    if not sources:
        raise FileNotFoundError(f"Dataset {dataset_id} names no existing file.")
    content = {place: source if isinstance(source, str) else source.etag for place, source in sources.items()}
    known = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
    folder: Path = service.folder / "inputs" / f"{dataset_id}-{known}"
    with datasets_of(service).lock:
        if not folder.exists():
            _fill(service, folder, sources)
    return folder


def deliver(service: Any, dataset_id: str, mechanism: str) -> Path:
    """Return the path that a script gets: the folder, or the file itself if a dataset of one file is mounted."""
    folder, paths = materialise(service, dataset_id), _paths(service, dataset_id)
    single = len(paths) == 1 and (_is_web(paths[0]) or _blob(storage_of(service), paths[0]))
    return next(folder.iterdir()) if single and mechanism.lower() == "mount" else folder


def _fill(service: Any, folder: Path, sources: Sources) -> None:
    """Create the folder with all files, atomically. Files are read-only, as in a mount."""
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    for place, source in sources.items():
        target = part / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(source, str):
            _fetch(service, source, target)
        else:
            shutil.copyfile(storage_of(service).content(CONTAINER, source.name), target)
        target.chmod(0o444)
    part.rename(folder)


def _fetch(service: Any, address: str, target: Path) -> None:
    trust = ssl.create_default_context(cafile=str(service.trusted))
    with urlopen(address, timeout=60, context=trust) as response, target.open("wb") as file:  # noqa: S310
        shutil.copyfileobj(response, file)


def _paths(service: Any, dataset_id: str) -> list[str]:
    """Return the paths of a definition: web addresses, or paths on datastores."""
    dataflow = json.loads(datasets_of(service).definition(dataset_id)["dataflowJson"])["meta"]["RsDataflow"]
    return [address for path in yaml.safe_load(dataflow)["paths"] for address in path.values()]


def _is_web(path: str) -> bool:
    return path.startswith(("http://", "https://"))


def _split(path: str) -> tuple[str, str]:
    """Split azureml://…/datastores/{datastore}/paths/{path} into datastore and path."""
    datastore, _, name = path.partition("/datastores/")[2].partition("/paths/")
    return datastore, unquote(name)


def _blob(storage: Storage, path: str) -> Blob | None:
    return storage.find(CONTAINER, _split(path)[1])


def _sources(service: Any, dataset_id: str) -> Sources:
    """Return the files by their path in the dataset's folder."""
    paths, storage = _paths(service, dataset_id), storage_of(service)
    alone = len(paths) == 1
    found: dict[str, Blob | str] = {}
    for path in paths:
        found.update({_web_place(path, alone): path} if _is_web(path) else _blobs(storage, path, alone))
    return found


def _web_place(address: str, alone: bool) -> str:
    """Return the file name of an address; if the dataset has several, below folders for its scheme and host."""
    known = urlsplit(address)
    name = known.path.lstrip("/") + (quote(f"?{known.query}", safe="=&") if known.query else "")
    if alone:
        return name.rpartition("/")[2]
    return f"{quote(known.scheme + ':')}/{quote('/' + known.netloc, '')}/{name}"


def _blobs(storage: Storage, path: str, alone: bool) -> Sources:
    """Return a blob, the blobs that match a pattern with * and **, or the blobs in a folder."""
    datastore, name = _split(path)
    wanted = name if "*" in name or _blob(storage, path) else f"{name}/**".replace("//", "/").lstrip("/")
    pattern = "".join(_WILD.get(part, re.escape(part)) for part in re.split(r"(\*\*/|\*\*|\*)", wanted))
    fixed = wanted.partition("*")[0].rpartition("/")[0]
    found = [blob for blob in storage.blobs(CONTAINER, fixed) if re.fullmatch(pattern, blob.name)]
    base = f"{fixed}/" if fixed else ""
    return {blob.name.removeprefix(base) if alone else f"{datastore}/{blob.name}": blob for blob in found}
