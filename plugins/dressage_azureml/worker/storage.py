"""The default datastore of a workspace, by key or signature, or by the user's own identity if it has neither."""

import functools
import json
import threading

from credentials import storage_credential
from workspaces import open_workspace

_NO_KEYS = "KeyBasedAuthenticationNotPermitted"
_without_keys = set()
_guard = threading.Lock()


def use_container(workspace, act):
    """Return act(container), with a client of the default datastore's container.

    If the storage account refuses keys, although the datastore has one, act is called again with the user's identity.
    """
    reference = json.dumps(workspace, sort_keys=True)
    try:
        return act(_container(reference, reference in _without_keys))
    except Exception as error:
        if getattr(error, "error_code", None) != _NO_KEYS:
            raise
    with _guard:
        _without_keys.add(reference)
    return act(_container(reference, True))


def datastore_of(workspace):
    """Return the default datastore."""
    return _datastore(json.dumps(workspace, sort_keys=True))


@functools.cache
def _datastore(reference):
    return open_workspace(json.loads(reference)).get_default_datastore()


@functools.cache
def _container(reference, without_keys):
    store = _datastore(reference)
    if store.credential_type != "None" and not without_keys:
        return store.blob_service.get_container_client(store.container_name)
    from azure.storage.blob import BlobServiceClient

    address = f"{store.protocol}://{store.account_name}.blob.{store.endpoint}"
    credential = storage_credential(json.loads(reference).get("auth"))
    return BlobServiceClient(address, credential=credential).get_container_client(store.container_name)
