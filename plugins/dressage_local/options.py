"""The options of the local platform."""

from dataclasses import dataclass
from typing import Literal

from dressage.specs.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `[platforms.local]` may contain."""

    grace_s: float = setting(
        10.0, help="seconds between SIGTERM and SIGKILL when a run is canceled", minimum=0, maximum=86_400
    )
    gpus: str | None = setting(
        None, help="GPUs that runs may use: ids as in CUDA_VISIBLE_DEVICES; default: all of this machine"
    )
    log_limit_mb: float | None = setting(
        None,
        help="size of a run's log, in MB, after which output is left out; default: no limit",
        minimum=0.001,
    )
    claims: str | None = setting(
        None, help="folder where runs claim GPUs and memory; default: one folder for the whole machine"
    )
    inputs: Literal["link", "copy"] = setting(
        "link",
        help="link: runs read the stored datasets; copy: each run reads its own copy, or a clone of it",
    )
