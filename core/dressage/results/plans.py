"""Plans: what would be done for each stage, and why."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from msgspec import Struct

Stage = Literal["dataset", "compute", "environment", "model"]
STAGES: tuple[Stage, ...] = get_args(Stage)
Action = Literal["reuse", "create", "upload", "build", "train", "follow", "none"]


class StagePlan(Struct, frozen=True, kw_only=True):
    """What `ensure` would do for one stage.

    name: the dataset, compute target, environment or model. version: the version to reuse or to create, if known.
    key: the content's digest, if it is known in advance.
    size: bytes to transfer; None if unknown or if nothing is transferred.
    reasons: why nothing can be reused, or which input changed; one line each.
    changed_by: policies that changed the recipe's answer, and how.
    run_id: the run that made the model to reuse, if a run did; with the action "follow", a run that was started
    elsewhere from the same inputs.
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


class LeftOut(Struct, frozen=True, kw_only=True):
    """Files of the source directory that a run does not get, all for the same reason.

    reason: "by .gitignore", "by default", "broken link", ...
    path: the largest file, relative to the source directory. files: how many; if the reason is a link or a folder
    that cannot be read, how many of these. size: of all files, in bytes; None if unknown.
    is_complete: False if there are more files: only the first 10,000 are counted.
    """

    reason: str
    path: str
    files: int
    size: int | None = None
    is_complete: bool = True


class Plan(Struct, frozen=True, kw_only=True):
    """What a run would do, stage by stage.

    experiment: the experiment to group the run under.
    tags: the run's tags. tags_changed_by: policies that changed them, and how.
    policies: the policies that judged the plan, in the order in which they were applied; the last one decides.
    disabled_policies: policies that did not judge it, with the file or variable that disables each.
    left_out: files of the source directory that the run does not get, one entry per reason.
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
    left_out: tuple[LeftOut, ...] = ()

    def stage(self, name: Stage) -> StagePlan:
        """Return the first plan of a stage; a run may have several datasets. Raises KeyError if there is none."""
        return {stage.stage: stage for stage in reversed(self.stages)}[name]
