"""Judge a run again before its next attempt: the policies may have changed since the last one."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from dressage.errors import SettingsError
from dressage.files.encoding import to_json
from dressage.hooks.policies import Policy
from dressage.hooks.review import Context, Review, user_name
from dressage.records.judgements import Changes, Judgement
from dressage.records.requests import RunRequest
from dressage.results.differences import differences
from dressage.specs.compute import ComputeTarget


def judge_again(
    request: RunRequest,
    recorded: Judgement,
    policies: tuple[Policy, ...],
    disabled: Mapping[str, str],
    resolve: Callable[[ComputeTarget], ComputeTarget],
) -> tuple[RunRequest, Judgement]:
    """Apply the current policies to the recorded descriptions; return the new request and the new judgement.

    recorded: the last judgement of the run. disabled: as in `Judgement`. resolve: the platform's `compute.resolve`.
    Raises SettingsError with a policy's name if the policy refuses, or if it would change an input of the training:
    an attempt continues from the checkpoints of the one before. The compute target may change.
    """
    context = Context(
        settings=request.settings or None,
        recipe=request.recipe,
        platform=request.platform,
        experiment=request.experiment,
        tags=recorded.given_tags,
        user=user_name(),
    )
    review = Review(lambda question, _: recorded.answer(question), policies, context)
    judged = replace(request, **review.describe(resolve))
    judgement = replace(review.judgement(disabled), before=recorded.before)
    if lines := differences(_training_inputs(request), _training_inputs(judged)):
        _refuse(request, recorded, judgement, lines)
    return judged, judgement


def _training_inputs(request: RunRequest) -> dict[str, Any]:
    """Return the inputs of the training that a policy can change, as JSON."""
    environment, script = to_json(request.environment), to_json(request.script)
    for name in ("name", "secrets", "origin", "source"):
        del environment[name]
    del script["checkpoint_path"]
    return {
        "dataset": {name: to_json(dataset) for name, dataset in request.datasets.items()},
        "environment": environment,
        "script": script,
        "output_path": request.model.output_path,
    }


def _refuse(request: RunRequest, recorded: Judgement, judgement: Judgement, lines: list[str]) -> None:
    """Raise SettingsError with the policy that would change the training. lines: the changes."""
    policy = _find_policy(recorded.changes, judgement.changes)
    if policy is None:
        named = "the policies"
    elif policy in judgement.policies:
        named = f"policy {policy!r}"
    else:
        by = judgement.disabled.get(policy)
        why = f"disabled by {by}" if by else "not installed"
        named = f"policy {policy!r}, which judged the run and is {why} now,"
    changes = " ".join("; ".join(lines).split())
    raise SettingsError(
        f"run {request.run_id!r} cannot be resumed: {named} would change what it trains: {changes};"
        f" start a new run: dressage run {request.recipe}"
    )


def _find_policy(before: Changes, now: Changes) -> str | None:
    """Return the first policy whose changes differ from its recorded ones, or None."""
    for question in ("dataset", "environment", "model"):
        old, new = before.get(question, ()), now.get(question, ())
        for policy, line in (*new, *old):
            if ((policy, line) in new) != ((policy, line) in old):
                return policy
    return None
