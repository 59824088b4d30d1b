"""Runs: submitted under the engine's id, watched, read and cancelled."""

import base64
import hashlib
import json
import math
import os
import re
import tempfile
import threading

import records
from failures import patiently, told
from transfer import session
from workspaces import opened

LOGS = ("user_logs/std_log.txt", "azureml-logs/70_driver_log.txt")
"""What a script prints, on today's runtime and on the one before."""
_runs, _logs = {}, {}
_guard = threading.Lock()


def submit(
    tell,
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
):
    """Start the run, unless it is there already. script, command: a file, or the words before the arguments."""
    from azureml.core import Environment, Experiment, ScriptRunConfig

    found = opened(workspace)
    run = _found(workspace, run_id)
    if run is None:
        words = [_argument(found, argument, datasets) for argument in arguments]
        configuration = ScriptRunConfig(
            source_directory=directory,
            **({"command": [*command, *words]} if command else {"script": script, "arguments": words}),
            **({"max_run_duration_seconds": math.ceil(time_limit_s)} if time_limit_s else {}),
            compute_target=compute,
            environment=patiently(lambda: Environment.get(found, environment)),
        )
        own = configuration.run_config.environment.environment_variables
        configuration.run_config.environment_variables = {**own, **variables}
        run = _submitted(
            lambda: Experiment(found, experiment).submit(configuration, run_id=run_id), workspace, run_id
        )
    run.set_tags(tags)
    run.display_name = name
    # Importing it takes a second, and it is wanted at the end.
    threading.Thread(target=records.client_type, daemon=True).start()


def status(tell, *, workspace, run_id):
    """State, times of one that has ended, and the error of a failed one, as run history has them."""
    run = run_of(workspace, run_id)
    state = patiently(run.get_status)
    details = patiently(run.get_details) if state in ("Completed", "Failed", "Canceled") else {}
    error = (details.get("error") or {}).get("error") or {}
    return {
        "state": state,
        "code": error.get("code"),
        "message": error.get("message"),
        "scaling": state == "Queued" and _is_scaling(patiently(run.get_tags)),
        "started": details.get("startTimeUtc"),
        "ended": details.get("endTimeUtc"),
    }


def _is_scaling(tags):
    """Whether the cluster is fetching nodes, as Azure ML notes it on the runs that wait for them."""
    try:
        return (
            json.loads(tags.get("_aml_system_ComputeTargetStatus") or "{}")["AllocationState"] == "resizing"
        )
    except (ValueError, KeyError, TypeError):
        return False


def log(tell, *, workspace, run_id, offset, limit):
    """What the script printed, from the byte `offset` on, at most `limit` bytes, in base64."""
    answer = _piece(run_of(workspace, run_id), {"Range": f"bytes={offset}-{offset + limit - 1}"})
    if answer is None or answer.status_code == 416:  # there is nothing, or nothing beyond
        return ""
    data = answer.content if answer.status_code == 206 else answer.content[offset : offset + limit]
    return base64.b64encode(data).decode()


def _piece(run, wanted):
    """What storage answers for the log; None as long as there is none. wanted: the headers that say which part."""
    address = _log_of(run)
    if address is None:
        return None
    answer = patiently(lambda: _ranged(address, wanted))
    if answer.status_code == 403:  # its signature has expired
        _logs.pop(run.id, None)
        answer = patiently(lambda: _ranged(_log_of(run), wanted))
        if answer.status_code == 403:
            answer.raise_for_status()
    return answer


def _ranged(address, wanted):
    answer = session().get(address, headers=wanted, timeout=60)
    if answer.status_code not in (403, 416):
        answer.raise_for_status()
    return answer


def _log_of(run):
    """Where its log is, asked once; None as long as there is none. A run's details take many requests."""
    if run.id not in _logs and set(LOGS) & set(patiently(run.get_file_names)):
        addresses = patiently(run.get_details)["logFiles"]
        _logs.update((run.id, addresses[name]) for name in reversed(LOGS) if name in addresses)
    return _logs.get(run.id)


def cancel(tell, *, workspace, run_id):
    patiently(lambda: run_of(workspace, run_id).cancel())


def files(tell, *, workspace, run_id):
    return sorted(patiently(lambda: run_of(workspace, run_id).get_file_names()))


def download(tell, *, workspace, run_id, paths, target):
    """Each file whole or not at all."""
    run = run_of(workspace, run_id)
    for number, path in enumerate(paths):
        tell(path, number, len(paths))
        copy = os.path.join(target, path)
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        patiently(lambda path=path, copy=copy: run.download_file(path, copy + ".partial"))
        os.replace(copy + ".partial", copy)
    return len(paths)


def digests(tell, *, workspace, run_id, prefix):
    """Path, size and SHA-256 of each of the run's files below a folder: the bytes are read, and not kept."""
    run = run_of(workspace, run_id)
    found = []
    names = [
        name for name in files(tell, workspace=workspace, run_id=run_id) if name.startswith(prefix + "/")
    ]
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(names):
            tell(name, number, len(names))
            copy = os.path.join(folder, "file")
            patiently(lambda name=name, copy=copy: run.download_file(name, copy))
            with open(copy, "rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            found.append({"path": name[len(prefix) + 1 :], "size": os.path.getsize(copy), "sha256": sha256})
            os.remove(copy)
    return found


def _submitted(submit, workspace, run_id):
    """The run; also where the request was carried out and its answer lost, after which the SDK asks again in vain."""
    try:
        return submit()
    except Exception as error:
        lost = told(error)[0] in ("busy", "network") or "already exists" in str(error)
        run = _found(workspace, run_id) if lost else None
        if run is None:
            raise
        return run


def _found(workspace, run_id):
    """The run; None if there is none."""
    try:
        return run_of(workspace, run_id)
    except Exception as error:
        if told(error)[0] == "missing":
            return None
        raise


def run_of(workspace, run_id):
    """The run, asked for once."""
    from azureml.core import Run

    with _guard:
        if run_id not in _runs:
            _runs[run_id] = Run.get(opened(workspace), run_id)
        return _runs[run_id]


def _argument(workspace, argument, datasets):
    """A dataset's folder where one stands for it, else the text."""
    from azureml.core import Dataset

    if isinstance(argument, str):
        return argument
    wanted = datasets[argument["dataset"]]
    version = Dataset.get_by_name(workspace, wanted["name"], version=wanted["version"])
    read = version.as_named_input(_input_name(argument["dataset"], datasets))
    return read.as_download() if argument["mode"] == "download" else read.as_mount()


def _input_name(name, datasets):
    """Azure ML takes letters, digits and '_'."""
    return "dataset" if len(datasets) == 1 else "input_" + re.sub(r"\W", "_", name)
