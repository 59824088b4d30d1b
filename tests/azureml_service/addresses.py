"""Addresses that several areas share, and the shape of an instant."""

from datetime import UTC, datetime

SUBSCRIPTION = "/subscriptions/{sub}"
GROUP = f"{SUBSCRIPTION}/resourceGroups/{{group}}"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/{{workspace}}"


def workspace_id(config: dict[str, str]) -> str:
    """The workspace's resource id."""
    return WORKSPACE.format(
        sub=config["subscription_id"], group=config["resource_group"], workspace=config["workspace_name"]
    )


def now() -> str:
    """The present instant as Azure writes it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def signed(address: str) -> str:
    """An address that carries its own permission, as a shared access signature does."""
    return f"{address}?sv=2024-11-04&sr=b&sp=rw&sig=loopback"
