"""The subscription, the workspace, machine sizes, usage and quotas, in the resource manager's format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.azureml_service.addresses import GROUP, SUBSCRIPTION, WORKSPACE, workspace_id
from tests.azureml_service.identity import TENANT
from tests.azureml_service.routing import Request, Response, Routes

if TYPE_CHECKING:
    from tests.azureml_service.service import Service

routes = Routes()
ID = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
LOCATIONS = "/subscriptions/{sub}/providers/Microsoft.MachineLearningServices/locations/{location}"
SIZES = {  # name: (family, cores, gpus, memory in GB)
    "STANDARD_DS2_V2": ("standardDSv2Family", 2, 0, 7.0),
    "STANDARD_DS3_V2": ("standardDSv2Family", 4, 0, 14.0),
    "STANDARD_D2_V2": ("standardDv2Family", 2, 0, 7.0),
    "STANDARD_NC4AS_T4_V3": ("standardNCASv3_T4Family", 4, 1, 28.0),
    "STANDARD_ND96ASR_V4": ("standardNDASv4_A100Family", 96, 8, 900.0),
    "STANDARD_NC24ADS_A100_V4": ("standardNCADSA100v4Family", 24, 1, 220.0),
}
SERVICES = (
    "api", "catalog", "experimentation", "gallery", "history", "hyperdrive", "modelmanagement",
    "notebooks", "pipelines", "studio", "workspace",
)  # fmt: skip


def to_json(service: Service) -> dict[str, Any]:
    """Return the workspace as a resource."""
    group = GROUP.format(sub=service.config["subscription_id"], group=service.config["resource_group"])
    providers = f"{group}/providers/Microsoft"
    return {
        "id": workspace_id(service.config),
        "name": service.config["workspace_name"],
        "type": "Microsoft.MachineLearningServices/workspaces",
        "location": service.location,
        "tags": {},
        "sku": {"name": "Basic", "tier": "Basic"},
        "identity": {"type": "SystemAssigned", "principalId": "loopback-principal", "tenantId": TENANT},
        "properties": {
            "workspaceId": ID,
            "friendlyName": service.config["workspace_name"],
            "description": "",
            "creationTime": "2026-01-01T00:00:00.0000000Z",
            "storageAccount": f"{providers}.Storage/storageAccounts/loopback",
            "keyVault": f"{providers}.KeyVault/vaults/loopback",
            "applicationInsights": f"{providers}.Insights/components/loopback",
            "containerRegistry": f"{providers}.ContainerRegistry/registries/loopback",
            "discoveryUrl": f"{service.address}/discovery",
            "provisioningState": "Succeeded",
            "hbiWorkspace": False,
            "v1LegacyMode": False,
        },
    }


@routes.route("GET", "/subscriptions")
def subscriptions(service: Service, request: Request) -> Response:
    """Return all subscriptions: only one exists."""
    return Response(200, {"value": [_subscription(service)]})


@routes.route("GET", SUBSCRIPTION)
def subscription(service: Service, request: Request) -> Response:
    """Return one subscription."""
    return Response(200, _subscription(service))


def _subscription(service: Service) -> dict[str, Any]:
    name = service.config["subscription_id"]
    return {
        "id": f"/subscriptions/{name}",
        "subscriptionId": name,
        "tenantId": TENANT,
        "displayName": "Loopback",
        "state": "Enabled",
    }


@routes.route("GET", f"/rp/workspaces{WORKSPACE}")
@routes.route("GET", WORKSPACE)
def get(service: Service, request: Request) -> Response:
    """Return the workspace."""
    return Response(200, to_json(service))


@routes.route("GET", f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces")
@routes.route("GET", f"{SUBSCRIPTION}/providers/Microsoft.MachineLearningServices/workspaces")
def list_all(service: Service, request: Request) -> Response:
    """Return all workspaces: only one exists."""
    return Response(200, {"value": [to_json(service)]})


@routes.route("GET", "/discovery")
def discovery(service: Service, request: Request) -> Response:
    """Return the addresses of the workspace's services: all are this service."""
    return Response(200, dict.fromkeys(SERVICES, service.address))


@routes.route("GET", f"{LOCATIONS}/vmSizes")
def sizes(service: Service, request: Request, location: str) -> Response:
    """Return the machine sizes of clusters."""
    known = [
        {"name": name, "family": family, "vCPUs": cores, "gpus": gpus, "memoryGB": memory}
        | {"osVhdSizeMB": 1047552, "maxResourceVolumeMB": 14336}
        | {"lowPriorityCapable": True, "premiumIO": True, "supportedComputeTypes": ["AmlCompute"]}
        for name, (family, cores, gpus, memory) in SIZES.items()
    ]
    return Response(200, {"value": known, "amlCompute": known})


@routes.route("GET", f"{LOCATIONS}/usages")
def usages(service: Service, request: Request, location: str) -> Response:
    """Return how many cores are in use: always 0."""
    return Response(200, {"value": [{**limit, "currentValue": 0} for limit in _limits(service, "usages")]})


@routes.route("GET", f"{LOCATIONS}/quotas")
def quotas(service: Service, request: Request, location: str) -> Response:
    """Return the quotas of cores."""
    return Response(200, {"value": _limits(service, "quotas")})


def _limits(service: Service, kind: str) -> list[dict[str, Any]]:
    """Return the limits of the region and of each family. -1: only the region's limit applies."""
    refused = {SIZES[size.upper()][0] for size in service.behaviour.without_quota}
    known = {"Total Cluster Dedicated Regional vCPUs": 100, "Total Cluster LowPriority Regional vCPUs": 100}
    for family in sorted({family for family, *_ in SIZES.values()}):
        name = family.removeprefix("standard").removesuffix("Family")
        known[f"Standard {name} Family Cluster LowPriority vCPUs"] = -1
        known[f"Standard {name} Family Cluster Dedicated vCPUs"] = 0 if family in refused else 100
    return [
        _limit(service, kind, name, limit) for name, limit in {**known, **service.behaviour.quotas}.items()
    ]


def _limit(service: Service, kind: str, name: str, limit: int) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{service.config['subscription_id']}/providers"
        f"/Microsoft.MachineLearningServices/{kind}/{name}",
        "type": f"Microsoft.MachineLearningServices/{kind}",
        "unit": "Count",
        "limit": limit,
        "name": {"value": name, "localizedValue": name},
    }
