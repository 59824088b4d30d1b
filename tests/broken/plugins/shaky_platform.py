"""The platform of docs/platform-authors.md with all optional parts; each method breaks if BREAK says so."""

import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import breaking
import lab_platform

from dressage import hookimpl, setting
from dressage.environments.uv_environments import UvEnvironments
from dressage.platforms import protocols
from dressage.results.tracking import Recorded
from dressage.storage.compute import StoredCompute
from dressage.storage.datasets import StoredDatasets
from dressage.storage.models import StoredModels
from dressage.storage.objects import ObjectStore


@dataclass(frozen=True, kw_only=True)
class Options:
    queue: str = setting("short", help="queue that runs wait in")


class Runs(lab_platform.LabRuns):
    def wait(self, run_id, timeout_s):
        time.sleep(min(timeout_s, 0.02))
        return self.observe(run_id).has_ended

    def records(self, run_id):
        return Recorded()

    def notes(self, request):
        return ("noted",)


class Extras:
    def initialise(self, values):
        Path("shaky.json").write_text(str(values))
        return Path("shaky.json")

    def diagnose(self):
        return [("shaky", True, "found")]


def wrap_part(healthy, name, *kinds):
    """Return an object with the methods of some protocols, each of which may break."""

    def method(name, where):
        return lambda *given, **named: breaking.call(
            f"platform.{where}", lambda: getattr(healthy, name)(*given, **named)
        )

    names = [method for kind in kinds for method in vars(kind) if method[0] != "_"]
    return SimpleNamespace(**{each: method(each, f"{name}.{each}".lstrip(".")) for each in names})


def build_platform(workspace):
    root, runs = workspace.root, Runs(workspace)
    datasets = StoredDatasets(root, ObjectStore(root / "objects"))
    platform = wrap_part(Extras(), "", protocols.Initialises, protocols.Diagnoses)
    platform.runs = wrap_part(
        runs, "runs", protocols.Runs, protocols.Waits, protocols.Records, protocols.Notes
    )
    platform.datasets = wrap_part(datasets, "datasets", protocols.Datasets)
    platform.compute = wrap_part(StoredCompute(root / "compute"), "compute", protocols.Compute)
    platform.environments = wrap_part(
        UvEnvironments(root / "environments", indexes={}, find_links={}),
        "environments",
        protocols.Environments,
    )
    platform.models = wrap_part(StoredModels(workspace, runs), "models", protocols.Models)
    return platform


@hookimpl
def options():
    return breaking.call("platform.options", lambda: Options)


@hookimpl
def platform(workspace):
    return breaking.call("platform.platform", lambda: build_platform(workspace))
