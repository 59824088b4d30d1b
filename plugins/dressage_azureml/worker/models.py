"""The model registry; versions are found again by the digest of their files, kept as a tag."""

import contextlib
import json
import os
import threading

from failures import patiently, surely
from jobs import run_of
from transfer import fetch
from workspaces import opened

DIGEST, INPUTS, LINEAGE, FILES = "dressage.digest", "dressage.inputs", "dressage.lineage", "dressage.files"
_LONGEST = 8000
_guard = threading.Lock()


def find(tell, *, workspace, name, tags):
    """The newest version that has all of the tags; None if there is none."""
    found = _versions(workspace, name, tags)
    return _shown(found[-1]) if found else None


def all_of(tell, *, workspace):
    from azureml.core import Model

    return [_shown(model) for model in patiently(lambda: Model.list(opened(workspace), expand=False))]


def register_run(tell, *, workspace, run_id, name, path, digest, files, tags, lineage, framework):
    """A version of what the run left at `path`, or the one with the same bytes."""
    if there := find(tell, workspace=workspace, name=name, tags={DIGEST: digest}):
        return there
    run = run_of(workspace, run_id)
    surely(
        lambda: run.register_model(
            name,
            model_path=path,
            tags={**tags, DIGEST: digest, INPUTS: lineage["inputs"]},
            properties=_properties(files, lineage),
            model_framework=framework,
        ),
        lambda: find(tell, workspace=workspace, name=name, tags={DIGEST: digest}),
    )
    return _only(workspace, name, digest, run_id)


def register_folder(tell, *, workspace, name, directory, digest, files):
    from azureml.core import Model

    if there := find(tell, workspace=workspace, name=name, tags={DIGEST: digest}):
        return there
    with _beside(directory):
        made = Model.register(
            opened(workspace),
            model_path=os.path.basename(directory),
            model_name=name,
            tags={DIGEST: digest},
            properties=_properties(files, {}),
        )
    return _shown(made)


def download(tell, *, workspace, name, version, target):
    """Put the version's files into the folder, each from where an earlier attempt stopped."""
    from azureml.core import Model

    addresses = Model(opened(workspace), name, version=version).get_sas_urls()
    below = len({path.partition("/")[0] for path in addresses}) == 1  # all in the folder that was registered
    for path, address in addresses.items():
        inside = path.partition("/")[2] if below else path
        fetch(address, os.path.join(target, inside or path), tell)
    return len(addresses)


@contextlib.contextmanager
def _beside(directory):
    """The SDK registers nothing that is not below the working directory."""
    with _guard:
        before = os.getcwd()
        os.chdir(os.path.dirname(directory))
        try:
            yield
        finally:
            os.chdir(before)


def _only(workspace, name, digest, run_id):
    """The version with that content. The SDK asks again where an answer was lost, and so registers twice."""
    first, *more = _versions(workspace, name, {DIGEST: digest})
    for model in more:
        if model.run_id == run_id:
            patiently(model.delete)
    return _shown(first)


def _versions(workspace, name, tags):
    """Those that have all of the tags, the oldest first."""
    from azureml.core import Model

    wanted = [[key, value] for key, value in tags.items()]
    found = patiently(lambda: Model.list(opened(workspace), name=name, tags=wanted or None, expand=False))
    return sorted(found, key=lambda model: model.version)


def _properties(files, lineage):
    listed = json.dumps(files)
    return {LINEAGE: json.dumps(lineage)} | ({FILES: listed} if len(listed) <= _LONGEST else {})


def _shown(model):
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
