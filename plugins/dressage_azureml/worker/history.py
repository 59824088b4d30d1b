"""All runs of the workspace: list them, find them by tags, and describe one."""

import datetime
import os
import tempfile

from failures import classify, retry
from jobs import RUN_TAG, SUBMISSION, run_of
from models import model_of_run
from tracking import client_of
from workspaces import open_workspace

_PAGE = 200
_NEWEST = 20
"""How many runs with the same tags are looked at."""
_OWN_TAGS = ("mlflow.", "azureml.", "_aml_system_")
_ENDS = {"FINISHED": "Completed", "FAILED": "Failed", "KILLED": "Canceled"}
"""The states in which a run has ended: MLflow's words and Azure ML's."""


def list_all(progress, *, workspace, limit, experiment, states, tags):
    """Return the workspace's runs, newest first. states: those to return; None for all.

    Run history lists the runs of one experiment only; the tracking endpoint lists all. It does not tell a queued run
    from one that is prepared, so run history is asked for each run that has not ended.
    """
    names = _experiments(workspace, experiment)
    found = []
    for run in _search(workspace, list(names), tags) if names else ():
        described = _describe_tracked(run, names)
        if not tags.items() <= described["tags"].items():
            continue
        if described["state"] is None and (states is None or not set(states) <= set(_ENDS.values())):
            described |= _describe_active(workspace, run.info.run_id)
        if states is None or described["state"] in states:
            found.append(described)
        if len(found) == limit:
            break
    return found


def find(progress, *, workspace, experiment, tags):
    """Return the newest runs of an experiment with these tags. One request, which does not create the experiment."""
    return [_describe(run, experiment) for run in _query(workspace, experiment, tags)]


def describe(progress, *, workspace, run_id):
    """Return what is known of a run, its last attempt's submission and its model; None if there is no such run."""
    try:
        run = retry(lambda: run_of(workspace, run_id))
    except Exception as error:
        if classify(error)[0] != "missing":
            raise
        return None
    name, tags = run.experiment.name, dict(retry(run.get_tags))
    attempts = _query(workspace, name, {RUN_TAG: tags[RUN_TAG]}) if RUN_TAG in tags else []
    last = max(attempts, key=lambda one: one.created_utc).run_id if attempts else run_id
    details = retry(run.get_details)
    definition = details.get("runDefinition") or {}
    return {
        "run_id": run_id,
        "experiment": name,
        "name": run.display_name,
        "tags": _plain(tags),
        "target": details.get("target"),
        "script": definition.get("script") or _words(definition.get("command")),
        "arguments": [str(word) for word in definition.get("arguments") or ()],
        "environment": (definition.get("environment") or {}).get("name"),
        "created": _iso(min(one.created_utc for one in attempts))
        if attempts
        else run._run_dto["created_utc"],
        "attempts": max(1, len(attempts)),
        "submission": _read_submission(workspace, last),
        "model": model_of_run(workspace, last),
    }


def _words(command):
    return " ".join(map(str, command)) if isinstance(command, list) else command


def _read_submission(workspace, run_id):
    """Return the text of the run's submission; None if it has none."""
    run = run_of(workspace, run_id)
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "submission")
        try:
            retry(lambda: run.download_file(SUBMISSION, copy))
        except Exception as error:
            if classify(error)[0] != "missing":
                raise
            return None
        with open(copy, encoding="utf-8") as file:
            return file.read()


def _query(workspace, experiment, tags):
    """Return the newest runs of an experiment with these tags, as run history describes them."""
    from azureml._restclient.experiment_client import ExperimentClient

    client = ExperimentClient(open_workspace(workspace).service_context, experiment)
    try:
        return retry(lambda: list(client.get_runs(last=_NEWEST, tags=tags, order_by=("CreatedUtc", "desc"))))
    except Exception as error:
        if classify(error)[0] != "missing":  # there is no such experiment yet
            raise
        return []


def _describe(run, experiment):
    return {
        "run_id": run.run_id,
        "experiment": experiment,
        "state": run.status,
        "name": run.display_name,
        "created": _iso(run.created_utc),
        "started": _iso(run.start_time_utc),
        "ended": _iso(run.end_time_utc),
        "tags": _plain(run.tags or {}),
        "metrics": {},
        "user": run.created_by.user_name if run.created_by else None,
    }


def _iso(moment):
    return moment.isoformat() if moment else None


def _experiments(workspace, name):
    """Return the names of the experiments by id: of all, or of the named one, if it exists."""
    client = client_of(workspace)
    if name is not None:
        found = retry(lambda: client.get_experiment_by_name(name))
        return {found.experiment_id: found.name} if found else {}
    names, mark = {}, None
    while True:
        page = retry(lambda mark=mark: client.search_experiments(page_token=mark))
        names |= {one.experiment_id: one.name for one in page}
        mark = page.token
        if not mark:
            return names


def _search(workspace, experiments, tags):
    """Yield the runs of some experiments, newest first."""
    client, mark = client_of(workspace), None
    wanted = " and ".join(f"tags.{key} = '{value}'" for key, value in tags.items() if _is_plain(key, value))
    while True:
        page = retry(
            lambda mark=mark: client.search_runs(
                experiments,
                filter_string=wanted,
                max_results=_PAGE,
                order_by=["start_time DESC"],
                page_token=mark,
            )
        )
        yield from page
        mark = page.token
        if not mark:
            return


def _is_plain(key, value):
    """Return whether a filter can contain the tag: the service does not read names in quotation marks."""
    return key.replace(".", "").replace("_", "").isalnum() and "'" not in value


def _describe_tracked(run, experiments):
    tags = run.data.tags
    return {
        "run_id": run.info.run_id,
        "experiment": experiments[run.info.experiment_id],
        "state": _ENDS.get(run.info.status),
        "name": run.info.run_name,
        "created": _from_ms(run.info.start_time),
        "started": _from_ms(run.info.start_time),
        "ended": _from_ms(run.info.end_time),
        "tags": _plain(tags),
        "metrics": dict(run.data.metrics),
        "user": tags.get("mlflow.user") or run.info.user_id or None,
    }


def _describe_active(workspace, run_id):
    """Return the state of a run that had not ended, and its times."""
    from azureml._restclient.workspace_client import WorkspaceClient

    client = WorkspaceClient(open_workspace(workspace).service_context)
    run = retry(lambda: client.get_run(run_id))
    return {"state": run.status, "started": _iso(run.start_time_utc), "ended": _iso(run.end_time_utc)}


def _from_ms(stamp):
    return datetime.datetime.fromtimestamp(stamp / 1000, datetime.UTC).isoformat() if stamp else None


def _plain(tags):
    """Return the tags that users and dressage set."""
    return {key: value for key, value in tags.items() if not key.startswith(_OWN_TAGS)}
