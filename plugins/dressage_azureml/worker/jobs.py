"""Submit, watch, read and cancel runs."""

import base64
import contextlib
import hashlib
import io
import json
import math
import os
import tempfile
import threading

import tracking
from failures import classify, retry
from storage import use_container
from transfer import session
from workspaces import open_workspace

LOGS = ("user_logs/std_log.txt", "azureml-logs/70_driver_log.txt")
"""The script's output, in the current runtime and in the older one."""
RUN_TAG = "dressage.run"
"""Tag of a run: the id of the run that it is an attempt of."""
SUBMISSION = "dressage/submission.json"
"""File of a run: how dressage submitted it, so that another machine can make a record of it."""
_runs, _logs = {}, {}
_guard = threading.Lock()


def submit(
    progress,
    *,
    workspace,
    run_id,
    experiment,
    directory,
    script,
    command,
    arguments,
    datasets,
    compute,
    environment,
    variables,
    tags,
    name,
    time_limit_s,
    submission,
):
    """Start the run, unless it exists. Either script is a file, or command holds the words before the arguments.

    environment: its name and version. submission: the text of a file that is added to the run.
    """
    from azureml.core import Environment, Experiment, ScriptRunConfig

    opened = open_workspace(workspace)
    run = _find(workspace, run_id)
    if run is None:
        words = [_argument(opened, argument, datasets) for argument in arguments]
        configuration = ScriptRunConfig(
            source_directory=directory,
            **({"command": [*command, *words]} if command else {"script": script, "arguments": words}),
            **({"max_run_duration_seconds": math.ceil(time_limit_s)} if time_limit_s else {}),
            compute_target=compute,
            environment=retry(lambda: Environment.get(opened, *environment)),
        )
        defined = configuration.run_config.environment.environment_variables
        configuration.run_config.environment_variables = {**defined, **variables}
        run = _submit_once(
            lambda: Experiment(opened, experiment).submit(configuration, run_id=run_id), workspace, run_id
        )
    run.set_tags(tags)
    run.display_name = name
    _add_file(run, SUBMISSION, submission.encode())
    # Importing the clients that the run's end needs takes seconds: do it now, in the background.
    threading.Thread(target=_prepare_for_end, args=(workspace,), daemon=True).start()


def _prepare_for_end(workspace):
    tracking.client_type()
    with contextlib.suppress(Exception):  # the run's end tries again
        use_container(workspace, lambda _: None)


def status(progress, *, workspace, run_id):
    """Return the run's state, its times once it has ended, and its error if it failed."""
    run = run_of(workspace, run_id)
    state = retry(run.get_status)
    details = retry(run.get_details) if state in ("Completed", "Failed", "Canceled") else {}
    error = (details.get("error") or {}).get("error") or {}
    return {
        "state": state,
        "code": error.get("code"),
        "message": error.get("message"),
        "scaling": state == "Queued" and _is_scaling(retry(run.get_tags)),
        "started": details.get("startTimeUtc"),
        "ended": details.get("endTimeUtc"),
    }


def _is_scaling(tags):
    """Return whether the cluster is adding nodes. Azure ML says so in a tag of the runs that wait."""
    try:
        return (
            json.loads(tags.get("_aml_system_ComputeTargetStatus") or "{}")["AllocationState"] == "resizing"
        )
    except (ValueError, KeyError, TypeError):
        return False


def log(progress, *, workspace, run_id, offset, limit):
    """Return at most `limit` bytes of the script's output from byte `offset` on, in base64."""
    answer = _read_log(run_of(workspace, run_id), {"Range": f"bytes={offset}-{offset + limit - 1}"})
    if answer is None or answer.status_code == 416:  # no log yet, or no bytes after offset
        return ""
    data = answer.content if answer.status_code == 206 else answer.content[offset : offset + limit]
    return base64.b64encode(data).decode()


def _read_log(run, headers):
    """Request a part of the log from storage. Returns the response, or None if the log does not exist yet."""
    address = _log_address(run)
    if address is None:
        return None
    answer = retry(lambda: _get_part(address, headers))
    if answer.status_code == 403:  # its signature has expired
        _logs.pop(run.id, None)
        answer = retry(lambda: _get_part(_log_address(run), headers))
        if answer.status_code == 403:
            answer.raise_for_status()
    return answer


def _get_part(address, headers):
    answer = session().get(address, headers=headers, timeout=60)
    if answer.status_code not in (403, 416):
        answer.raise_for_status()
    return answer


def _log_address(run):
    """Return the URL of the log, or None if it does not exist yet. Cached: a run's details take many requests."""
    if run.id not in _logs and set(LOGS) & set(retry(run.get_file_names)):
        addresses = retry(run.get_details)["logFiles"]
        _logs.update((run.id, addresses[name]) for name in reversed(LOGS) if name in addresses)
    return _logs.get(run.id)


def cancel(progress, *, workspace, run_id):
    retry(lambda: run_of(workspace, run_id).cancel())


def files(progress, *, workspace, run_id):
    names = retry(lambda: run_of(workspace, run_id).get_file_names())
    return sorted(name for name in names if name != SUBMISSION)


def download(progress, *, workspace, run_id, paths, target):
    """Download files. A file that is interrupted does not appear in `target`."""
    run = run_of(workspace, run_id)
    for number, path in enumerate(paths):
        progress(path, number, len(paths))
        copy = os.path.join(target, path)
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        partial = os.path.join(
            os.path.dirname(copy), f".{number}.partial"
        )  # the name of `copy` may be the longest
        retry(lambda path=path, partial=partial: run.download_file(path, partial))
        os.replace(partial, copy)
    return len(paths)


def digests(progress, *, workspace, run_id, prefix):
    """Return path, size and SHA-256 of the run's files below a folder. Downloads them one by one, and keeps none."""
    run = run_of(workspace, run_id)
    found = []
    names = [
        name for name in files(progress, workspace=workspace, run_id=run_id) if name.startswith(prefix + "/")
    ]
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(names):
            progress(name, number, len(names))
            copy = os.path.join(folder, "file")
            retry(lambda name=name, copy=copy: run.download_file(name, copy))
            with open(copy, "rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            found.append({"path": name[len(prefix) + 1 :], "size": os.path.getsize(copy), "sha256": sha256})
            os.remove(copy)
    return found


def _submit_once(submit, workspace, run_id):
    """Return the submitted run, also if the answer was lost: then the SDK's own retry fails with 'already exists'."""
    try:
        return submit()
    except Exception as error:
        lost = classify(error)[0] in ("busy", "network") or "already exists" in str(error)
        run = _find(workspace, run_id) if lost else None
        if run is None:
            raise
        return run


def _add_file(run, name, content):
    """Add a file to the run, unless an earlier submission did."""
    try:
        retry(lambda: run.upload_file(name, io.BytesIO(content)))
    except Exception as error:
        if "already exists" not in str(error):
            raise


def _find(workspace, run_id):
    """Return the run, or None if it does not exist."""
    try:
        return run_of(workspace, run_id)
    except Exception as error:
        if classify(error)[0] == "missing":
            return None
        raise


def run_of(workspace, run_id):
    """Return the run, from a cache."""
    from azureml.core import Run

    with _guard:
        if run_id not in _runs:
            _runs[run_id] = Run.get(open_workspace(workspace), run_id)
        return _runs[run_id]


def _argument(workspace, argument, datasets):
    """Convert an argument for the SDK: a text as it is, a dataset's folder as an input."""
    from azureml.core import Dataset

    if isinstance(argument, str):
        return argument
    dataset = datasets[argument["dataset"]]
    version = Dataset.get_by_name(workspace, dataset["name"], version=dataset["version"])
    named = version.as_named_input(argument["variable"])  # Azure ML sets this variable to the folder
    return named.as_download() if argument["mode"] == "download" else named.as_mount()
