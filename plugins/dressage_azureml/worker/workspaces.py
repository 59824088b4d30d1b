"""The workspace that calls are about, opened once."""

import json
import threading

from credentials import credentials

_opened = {}
_guard = threading.Lock()


def opened(reference):
    """The workspace. reference: its three names, and auth (None: azureml's own choice of credentials)."""
    key = json.dumps(reference, sort_keys=True)
    with _guard:
        if key not in _opened:
            _opened[key] = _open(**reference)
        return _opened[key]


def check(tell, *, workspace):
    """Where the workspace is, having asked it."""
    found = opened(workspace)
    return {"name": found.name, "location": found.location}


def write(tell, *, workspace, path):
    """Write the config.json of a workspace that answers."""
    opened(workspace)
    with open(path, "w", encoding="utf-8") as file:
        json.dump({key: value for key, value in workspace.items() if key != "auth"}, file, indent=4)
        file.write("\n")


def _open(subscription_id, resource_group, workspace_name, auth=None):
    from azureml.core import Workspace

    return Workspace.get(
        name=workspace_name,
        subscription_id=subscription_id,
        resource_group=resource_group,
        auth=credentials(auth),
    )
