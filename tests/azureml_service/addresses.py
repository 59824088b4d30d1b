"""Addresses that several areas share, and Azure's format of times."""

from datetime import UTC, datetime

SUBSCRIPTION = "/subscriptions/{sub}"
GROUP = f"{SUBSCRIPTION}/resourceGroups/{{group}}"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/{{workspace}}"


def workspace_id(config: dict[str, str]) -> str:
    """Return the workspace's resource id."""
    return WORKSPACE.format(
        sub=config["subscription_id"], group=config["resource_group"], workspace=config["workspace_name"]
    )


def now() -> str:
    """Return the current time in Azure's format."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def sign(address: str) -> str:
    """Add a shared access signature to an address."""
    return f"{address}?sv=2024-11-04&sr=b&sp=rw&sig=loopback"
