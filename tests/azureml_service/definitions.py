"""The state of the dataset service: saved definitions, and versions registered under a name."""

import json
import threading
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.azureml_service.addresses import now
from tests.azureml_service.routing import Refusal


@dataclass
class Datasets:
    """Saved definitions and registered datasets.

    saved: definitions by identifier. named: by name, the dataset's identifier and its versions as they were sent.
    file: where both are stored.
    """

    file: Path
    saved: dict[str, dict[str, Any]] = field(default_factory=dict)
    named: dict[str, dict[str, Any]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        if self.file.exists():
            kept = json.loads(self.file.read_text())
            self.saved, self.named = kept["saved"], kept["named"]

    def keep(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        part = self.file.with_suffix(".part")
        part.write_text(json.dumps({"saved": self.saved, "named": self.named}))
        part.replace(self.file)

    def save(self, kind: str, dataflow: str, properties: dict[str, Any] | None) -> dict[str, Any]:
        """Save a definition. The same definition keeps its identifier."""
        with self.lock:
            for known in self.saved.values():
                if (known["datasetType"], known["dataflowJson"]) == (kind, dataflow):
                    return known
            return self._add(kind, dataflow, properties)

    def _add(self, kind: str, dataflow: str, properties: dict[str, Any] | None) -> dict[str, Any]:
        identifier = str(uuid.uuid4())
        definition = {
            "id": identifier,
            "datasetType": kind,
            "dataflowJson": dataflow,
            "properties": properties or {},
        }
        self.saved[identifier] = definition
        self.keep()
        return definition

    def register(self, sent: dict[str, Any], again: bool) -> dict[str, Any]:
        """Register the first version of a name or, if `again`, the next one."""
        with self.lock:
            name, latest = sent["name"], sent["latest"]
            if name in self.named and not again:
                raise Refusal(409, "UserError", f"A dataset with name {name} already exists.")
            identifier = latest.get("savedDatasetId")
            self._check_unregistered(identifier)
            if identifier not in self.saved:
                added = self._add(sent["datasetType"], latest["dataflow"], latest.get("properties"))
                identifier = added["id"]
            known = self.named.setdefault(name, {"datasetId": str(uuid.uuid4()), "versions": []})
            version = {"savedDatasetId": identifier, "tags": sent.get("tags") or {}, "createdTime": now()}
            known["versions"].append({**version, "description": sent.get("description")})
            self.keep()
            return self.to_json(name)

    def find_versions(self, identifier: str | None) -> list[tuple[str, int]]:
        """Return the names and versions under which a definition is registered."""
        return [
            (name, number)
            for name, known in self.named.items()
            for number, version in enumerate(known["versions"], 1)
            if version["savedDatasetId"] == identifier
        ]

    def _check_unregistered(self, identifier: str | None) -> None:
        for name, version in self.find_versions(identifier):
            message = f"Dataset {identifier} has been registered as {name}:{version} (name:version)."
            raise Refusal(400, "UserError", message)

    def definition(self, identifier: str) -> dict[str, Any]:
        if identifier not in self.saved:
            raise Refusal(404, "UserError", f"No dataset with id {identifier} was found.")
        return self.saved[identifier]

    def to_json(self, name: str, version: int | None = None) -> dict[str, Any]:
        """Return a version of a registered dataset in the API's format; the latest by default."""
        known = self.named[name]
        number = version or len(known["versions"])
        one = known["versions"][number - 1]
        definition = self.saved[one["savedDatasetId"]]
        latest = {
            "datasetId": known["datasetId"],
            "versionId": str(number),
            "dataflow": definition["dataflowJson"],
            "properties": definition["properties"],
            "savedDatasetId": definition["id"],
            "datasetDefinitionState": {"state": "active"},
            "createdTime": one["createdTime"],
        }
        shared = {"datasetId": known["datasetId"], "name": name, "datasetType": definition["datasetType"]}
        kept = {"description": one["description"], "tags": one["tags"], "createdTime": one["createdTime"]}
        return {**shared, **kept, "latest": latest, "isVisible": True, "datasetState": {"state": "active"}}


def datasets_of(service: Any) -> Datasets:
    """Return the service's datasets."""
    datasets: Datasets = service.area("datasets", lambda: Datasets(service.folder / "datasets.json"))
    return datasets
