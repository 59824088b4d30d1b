"""The versions of datasets that the service has registered: one request each, because their content is not read."""

from failures import classify, retry
from workspaces import open_workspace

DIGEST, FILES, SIZE = "dressage.digest", "dressage.files", "dressage.size"
"""Tags: the digest of the content, the number of its files, and their size in bytes."""
_PAGE = 100


def version_of(workspace, name, number=None):
    """Return a version (default: the newest) with its fields; None if it does not exist."""
    identity, service = _service(workspace)
    wanted = None if number is None else str(number)
    try:
        return _describe(retry(lambda: service.get_dataset_by_name(*identity, name, version_id=wanted)))
    except Exception as error:
        if classify(error)[0] == "missing":
            return None
        raise


def newest(workspace):
    """Return the newest version of each dataset."""
    identity, service = _service(workspace)
    found, mark = [], None
    while True:
        page = retry(
            lambda mark=mark: service.list(
                *identity, continuation_token=mark, page_size=_PAGE, include_latest_definition=True
            )
        )
        found += map(_describe, page.value)
        mark = page.continuation_token
        if mark is None:
            return found


def _service(workspace):
    """Return the arguments that identify the workspace, and the client of the dataset service.

    The SDK's public functions read the definition of each version in a further request.
    """
    from azureml.data._dataset_rest_helper import _restclient

    opened = open_workspace(workspace)
    return (opened.subscription_id, opened.resource_group, opened.name), _restclient(opened).dataset


def _describe(found):
    tags = dict(found.tags or {})
    created = found.latest.created_time or found.created_time
    files, size = tags.pop(FILES, None), tags.pop(SIZE, None)
    return {
        "name": found.name,
        "version": int(found.latest.version_id or 1),
        "digest": tags.pop(DIGEST, ""),
        "tags": tags,
        "description": found.description or "",
        "created": created.isoformat() if created else "",
        "file_count": int(files) if files else None,
        "size": int(size) if size else None,
    }
