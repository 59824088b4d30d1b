"""How a workspace is laid out: the number in its workspace.json."""

from collections.abc import Mapping
from typing import Any

LAYOUT = 2


def needs_migration(marker: Mapping[str, Any]) -> bool:
    """Whether the workspace is of an earlier layout, or its migration was interrupted. marker: workspace.json."""
    return marker["layout"] == 1 or "migrating" in marker
