"""Copy a run's files. A file that is copied twice replaces itself."""

import contextlib
import os
import tempfile

import mlflow

from entries import Notes


def upload(target, files, progress):
    """Copy files; return lines about what was left out.

    files: [owner, path of the owner, path, path here]; owner: "run", "child" or "model".
    """
    notes = Notes()
    if target.is_deleted:
        return []
    for number, (owner, whose, path, here) in enumerate(files):
        progress("files", number, len(files))
        folder = os.path.dirname(path)
        if not os.path.isfile(here):
            notes.append(f"file {path!r} no longer exists")
        elif owner == "model":
            _upload_to_model(target, whose, folder, here, notes)
        else:
            run_id = target.run_id(whose if owner == "child" else None)
            if run_id:
                with named(here, path) as source:
                    notes.attempt(
                        f"file {path!r}", target.client.log_artifact, run_id, source, folder or None
                    )
    return notes


@contextlib.contextmanager
def named(here, path):
    """Yield a path of the file that ends with the name that it gets on the server."""
    if os.path.basename(here) == os.path.basename(path):
        yield here
        return
    with tempfile.TemporaryDirectory() as folder:
        link = os.path.join(folder, os.path.basename(path))
        os.symlink(here, link)
        yield link


def _upload_to_model(target, model, folder, here, notes):
    found = target.model_id(model)
    if found is None:
        notes.append(f"logged model {model!r} is not on the server; its files are left out")
        return
    store = mlflow.store.artifact.artifact_repository_registry.get_artifact_repository(
        target.client.get_logged_model(found).artifact_location, tracking_uri=target.address
    )
    notes.attempt(f"a file of model {model!r}", store.log_artifact, here, folder or None)
