"""The workspace that calls are about, opened once, with credentials by azureml's own rules."""

import json
import os
import threading

from failures import Problem

_PRINCIPAL = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")
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
        auth=_credentials(auth),
    )


def _credentials(kind):
    from azureml.core import authentication

    if kind == "interactive":
        return authentication.InteractiveLoginAuthentication()
    if kind == "cli":
        return authentication.AzureCliAuthentication()
    if kind == "managed-identity":
        return authentication.MsiAuthentication()
    if kind == "service-principal":
        missing = [name for name in _PRINCIPAL if not os.environ.get(name)]
        if missing:
            raise Problem(
                "credentials",
                f"service principal: {' and '.join(missing)} not set; set them, or choose another auth",
            )
        return authentication.ServicePrincipalAuthentication(*(os.environ[name] for name in _PRINCIPAL))
    return None
