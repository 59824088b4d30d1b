"""Plans: for each stage what would be done, and why."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from msgspec import Struct

Stage = Literal["dataset", "compute", "environment", "model"]
STAGES: tuple[Stage, ...] = get_args(Stage)
Action = Literal["reuse", "create", "upload", "build", "train", "none"]


class StagePlan(Struct, frozen=True, kw_only=True):
    """What `ensure` would do for one stage.

    name: what it is about. version: the version that is there (reuse) or would be made, if known.
    key: the content's digest, if known before touching anything.
    size: bytes that would have to be moved, None when unknown or nothing moves.
    reasons: why this and not reuse, which input changed; one line each.
    changed_by: policies that changed what the recipe had said, and how.
    run_id: the run that made what would be reused, where a run did.
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
    """One run, stage by stage, before anything is touched.

    tags: of the run. tags_changed_by: policies that changed them, and how.
    policies: those that judged it, in the order they were applied: the last one has the last word.
    disabled_policies: those that did not, with the file or variable that disables each.
    """

    recipe: str
    platform: str
    settings: Mapping[str, Any]
    stages: tuple[StagePlan, ...] = ()
    tags: Mapping[str, str] = {}
    tags_changed_by: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    disabled_policies: Mapping[str, str] = {}

    def stage(self, name: Stage) -> StagePlan:
        """The first plan of that stage: a run may have several datasets. Raises KeyError for what is no stage."""
        return {stage.stage: stage for stage in reversed(self.stages)}[name]
