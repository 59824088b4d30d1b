"""Open the Azure ML workspace of a call, once per reference."""

import json
import threading

from credentials import credentials

_workspaces = {}
_guard = threading.Lock()


def open_workspace(reference):
    """Return the workspace. reference: its three names, and auth (None: the SDK chooses the credentials)."""
    key = json.dumps(reference, sort_keys=True)
    with _guard:
        if key not in _workspaces:
            _workspaces[key] = _connect(**reference)
        return _workspaces[key]


def check(progress, *, workspace):
    """Contact the workspace; return its name and location."""
    opened = open_workspace(workspace)
    return {"name": opened.name, "location": opened.location}


def write(progress, *, workspace, path):
    """Contact the workspace, then write its config.json."""
    open_workspace(workspace)
    with open(path, "w", encoding="utf-8") as file:
        json.dump({key: value for key, value in workspace.items() if key != "auth"}, file, indent=4)
        file.write("\n")


def _connect(subscription_id, resource_group, workspace_name, auth=None):
    from azureml.core import Workspace

    return Workspace.get(
        name=workspace_name,
        subscription_id=subscription_id,
        resource_group=resource_group,
        auth=credentials(auth),
    )
