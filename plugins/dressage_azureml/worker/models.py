"""The model registry. A tag holds the digest of a version's files, to find the version by content."""

import contextlib
import json
import os
import threading

from claims import claim
from failures import act_once, classify, retry
from jobs import run_of
from transfer import fetch
from workspaces import open_workspace

DIGEST, INPUTS, LINEAGE, FILES = "dressage.digest", "dressage.inputs", "dressage.lineage", "dressage.files"
_LONGEST = 8000
"""Characters that a property may have."""
_guard = threading.Lock()


def find(progress, *, workspace, name, tags):
    """Return the newest version that has all of the tags, or None."""
    found = _versions(workspace, name, tags)
    return _describe(found[-1]) if found else None


def list_all(progress, *, workspace):
    from azureml.core import Model

    return [_describe(model) for model in retry(lambda: Model.list(open_workspace(workspace), expand=False))]


def register_run(progress, *, workspace, run_id, name, path, digest, files, tags, lineage, framework):
    """Register what the run saved at `path`. Returns the existing version with the same content, if any."""
    if existing := find(progress, workspace=workspace, name=name, tags={DIGEST: digest}):
        return existing
    with claim(workspace, name, digest, "model"):
        found = find(progress, workspace=workspace, name=name, tags={DIGEST: digest})
        if found is None:
            found = _register_run(
                workspace,
                run_id,
                name,
                digest,
                model_path=path,
                tags={**tags, DIGEST: digest, INPUTS: lineage["inputs"]},
                properties=_properties(files, lineage),
                model_framework=framework,
            )
    return found


def _register_run(workspace, run_id, name, digest, **described):
    run = run_of(workspace, run_id)
    act_once(
        lambda: run.register_model(name, **described),
        lambda: _versions(workspace, name, {DIGEST: digest}),
    )
    return _remove_duplicates(workspace, name, digest, run_id)


def model_of_run(workspace, run_id):
    """Return the newest version that was registered from the run's files, or None."""
    from azureml.core import Model

    found = retry(lambda: Model.list(open_workspace(workspace), run_id=run_id, expand=False))
    return _describe(max(found, key=lambda model: model.created_time)) if found else None


def register_folder(progress, *, workspace, name, directory, digest, files):
    """Register a local folder. Returns the existing version with the same content, if any."""
    from azureml.core import Model

    if existing := find(progress, workspace=workspace, name=name, tags={DIGEST: digest}):
        return existing
    with _in_parent_of(directory):
        model = Model.register(
            open_workspace(workspace),
            model_path=os.path.basename(directory),
            model_name=name,
            tags={DIGEST: digest},
            properties=_properties(files, {}),
        )
    return _describe(model)


def download(progress, *, workspace, name, version, target):
    """Download the version's files into the folder. An interrupted file continues where it stopped."""
    from azureml.core import Model

    addresses = Model(open_workspace(workspace), name, version=version).get_sas_urls()
    one_folder = (
        len({path.partition("/")[0] for path in addresses}) == 1
    )  # the registered folder: leave it out
    for path, address in addresses.items():
        inside = path.partition("/")[2] if one_folder else path
        fetch(address, os.path.join(target, inside or path), progress)
    return len(addresses)


@contextlib.contextmanager
def _in_parent_of(directory):
    """Change to the folder's parent: the SDK registers only paths below the working directory."""
    with _guard:
        before = os.getcwd()
        os.chdir(os.path.dirname(directory))
        try:
            yield
        finally:
            os.chdir(before)


def _remove_duplicates(workspace, name, digest, run_id):
    """Return the first version with this content and delete later ones of this run.

    The SDK repeats a request whose answer was lost, and registers a second version.
    """
    first, *more = _versions(workspace, name, {DIGEST: digest})
    for model in more:
        if model.run_id == run_id:
            _delete(model)
    return _describe(first)


def _delete(model):
    """Delete a version, unless another client that follows the same run was faster."""
    try:
        retry(model.delete)
    except Exception as error:
        if classify(error)[0] != "missing":
            raise


def _versions(workspace, name, tags):
    """Return the versions that have all of the tags, oldest first."""
    from azureml.core import Model

    wanted = [[key, value] for key, value in tags.items()]
    found = retry(lambda: Model.list(open_workspace(workspace), name=name, tags=wanted or None, expand=False))
    return sorted(found, key=lambda model: model.version)


def _properties(files, lineage):
    listed = json.dumps(files)
    return {LINEAGE: json.dumps(lineage)} | ({FILES: listed} if len(listed) <= _LONGEST else {})


def _describe(model):
    tags, properties = dict(model.tags or {}), dict(model.properties or {})
    return {
        "name": model.name,
        "version": int(model.version),
        "digest": tags.pop(DIGEST, ""),
        "inputs": tags.pop(INPUTS, None),
        "tags": tags,
        "files": json.loads(properties.get(FILES, "[]")),
        "lineage": json.loads(properties.get(LINEAGE, "{}")),
        "framework": model.model_framework,
        "created": model.created_time.isoformat() if model.created_time else "",
    }
