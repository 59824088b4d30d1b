"""The runs that an Azure ML workspace has, no matter who started them."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dressage.errors import NotFoundError, SpecError
from dressage.files.encoding import from_json, to_json
from dressage.records.adoption import UNKNOWN_RECIPE, FoundRun
from dressage.records.requests import RunRequest, Submission, Training
from dressage.results.statuses import RunStatus, RunSummary, State
from dressage.results.versions import Snapshot
from dressage.specs.compute import ComputeTarget
from dressage.specs.environments import Environment
from dressage.specs.models import Model, Script
from dressage_azureml.azure import Azure
from dressage_azureml.models import version_of
from dressage_azureml.states import STATES

RUN, RECIPE, INPUTS = "dressage.run", "dressage.recipe", "dressage.inputs"
"""Tags of a run: the id that the engine gave it, its recipe, and the key of its training."""
_ID = re.compile(r"[A-Za-z0-9][\w-]*")


class AzureHistory:
    """Part of `AzureRuns`: lists, finds and describes the workspace's runs."""

    _azure: Azure

    def list_runs(
        self,
        limit: int | None = None,
        *,
        experiment: str | None = None,
        state: State | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Sequence[RunSummary]:
        states = None if state is None else [name for name, known in STATES.items() if known == state]
        found = self._azure.call(
            "model",
            "runs.list_all",
            limit=limit,
            experiment=experiment,
            states=states,
            tags=dict(tags or {}),
        )
        return [_summary(one) for one in found]

    def find(self, training: Training) -> RunSummary | None:
        found = self._azure.call(
            "model", "runs.find", experiment=training.request.experiment, tags={INPUTS: training.key}
        )
        for one in found:
            if STATES.get(one["state"]) not in ("Failed", "Canceled"):
                return _summary({**one, "run_id": one["tags"].get(RUN, one["run_id"])})
        return None

    def describe(self, run_id: str) -> FoundRun:
        if not _ID.fullmatch(run_id):
            raise NotFoundError(f"no run named {run_id!r}: Azure ML has no such ids")
        found = self._azure.call("model", "runs.describe", run_id=run_id)
        if found is None:
            raise NotFoundError(f"no run named {run_id!r} in the Azure ML workspace")
        submission = _read_submission(found["submission"])
        return FoundRun(
            request=submission.request if submission else _request_of(found),
            submission=submission,
            attempts=found["attempts"],
            model=version_of(found["model"]) if found["model"] else None,
            created=found["created"],
        )


def describe_submission(submission: Submission) -> str:
    """Return the submission as the text of a run's file; `AzureHistory.describe` reads it."""
    return json.dumps(to_json(submission))


def _read_submission(text: str | None) -> Submission | None:
    """Return the submission; None if there is none, or if a later version of dressage wrote what we cannot read."""
    if text is None:
        return None
    try:
        return from_json(Submission, json.loads(text))
    except (ValueError, TypeError, KeyError, SpecError):
        return None


def _summary(found: Mapping[str, Any]) -> RunSummary:
    state = STATES.get(found["state"], "Running")
    tags = found["tags"]
    return RunSummary(
        run_id=found["run_id"],
        recipe=tags.get(RECIPE, UNKNOWN_RECIPE),
        platform="azureml",
        experiment=found["experiment"],
        status=RunStatus(state=state, started=found["started"], ended=found["ended"]),
        created=found["created"],
        name=_name_of(found),
        tags=_own_tags(tags),
        metrics=found["metrics"],
        user=found["user"],
    )


def _request_of(found: Mapping[str, Any]) -> RunRequest:
    """Return what is known of a run that has no submission, in the form of a request."""
    script = found["script"] or "?"
    return RunRequest(
        run_id=found["tags"].get(RUN, found["run_id"]),
        recipe=UNKNOWN_RECIPE,
        platform="azureml",
        experiment=found["experiment"],
        settings={},
        name=_name_of(found),
        tags=_own_tags(found["tags"]),
        compute=ComputeTarget(name=_plain_name(found["target"])),
        environment=Environment(name=_plain_name(found["environment"])),
        model=Model(
            name=None,
            script=Script(directory=Path("/"), command=script, arguments=tuple(found["arguments"])),
        ),
        snapshot=Snapshot(directory=Path("/"), files=()),
    )


def _name_of(found: Mapping[str, Any]) -> str | None:
    """Return the name that somebody gave the run. Azure ML takes the id if nobody did."""
    name: str | None = found["name"]
    return None if name == found["run_id"] else name


def _own_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags without those that dressage sets."""
    return {name: value for name, value in tags.items() if name not in (RUN, RECIPE, INPUTS)}


def _plain_name(name: str | None) -> str:
    """Return a name that our descriptions accept."""
    return re.sub(r"[^\w.-]", "-", name or "").strip("-.") or "unknown"
