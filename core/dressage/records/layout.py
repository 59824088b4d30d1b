"""The layout of a workspace: a number in its workspace.json."""

from collections.abc import Mapping
from typing import Any

LAYOUT = 4


def earlier_layout(marker: Mapping[str, Any]) -> int | None:
    """Return the layout from which the workspace must be migrated; None if it has no earlier layout.

    It may have a mark of a migration that was killed. marker: the content of workspace.json.
    """
    if "migrating_from" in marker:
        return int(marker["migrating_from"])
    if "migrating" in marker:  # written by the migration to layout 2
        return 1
    return marker["layout"] if marker["layout"] in (1, 2, 3) else None
