"""Plans: what would be done for each stage, and why."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from msgspec import Struct

Stage = Literal["dataset", "compute", "environment", "model"]
STAGES: tuple[Stage, ...] = get_args(Stage)
Action = Literal["reuse", "create", "upload", "build", "train", "none"]


class StagePlan(Struct, frozen=True, kw_only=True):
    """What `ensure` would do for one stage.

    name: the dataset, compute target, environment or model. version: the version to reuse or to create, if known.
    key: the content's digest, if it is known in advance.
    size: bytes to transfer; None if unknown or if nothing is transferred.
    reasons: why nothing can be reused, or which input changed; one line each.
    changed_by: policies that changed the recipe's answer, and how.
    run_id: the run that made the model to reuse, if a run did.
    """

    stage: Stage
    action: Action
    name: str
    version: int | None = None
    key: str | None = None
    size: int | None = None
    reasons: tuple[str, ...] = ()
    changed_by: tuple[str, ...] = ()
    run_id: str | None = None


class Plan(Struct, frozen=True, kw_only=True):
    """What a run would do, stage by stage.

    experiment: the experiment to group the run under.
    tags: the run's tags. tags_changed_by: policies that changed them, and how.
    policies: the policies that judged the plan, in the order in which they were applied; the last one decides.
    disabled_policies: policies that did not judge it, with the file or variable that disables each.
    """

    recipe: str
    platform: str
    settings: Mapping[str, Any]
    experiment: str
    stages: tuple[StagePlan, ...] = ()
    tags: Mapping[str, str] = {}
    tags_changed_by: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    disabled_policies: Mapping[str, str] = {}

    def stage(self, name: Stage) -> StagePlan:
        """Return the first plan of a stage; a run may have several datasets. Raises KeyError if there is none."""
        return {stage.stage: stage for stage in reversed(self.stages)}[name]
