"""The layout of a workspace: a number in its workspace.json."""

from collections.abc import Mapping
from typing import Any

LAYOUT = 2


def needs_migration(marker: Mapping[str, Any]) -> bool:
    """Return whether the workspace has an earlier layout, or its migration was interrupted.

    marker: the content of workspace.json.
    """
    return marker["layout"] == 1 or "migrating" in marker
