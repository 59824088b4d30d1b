"""dressage: a plugin-based, framework-agnostic model trainer.

The public names for plugin authors, and `Engine` for programs that use dressage as a library.
"""

from typing import TYPE_CHECKING, Any

from dressage.errors import DressageError as DressageError
from dressage.errors import NotFoundError as NotFoundError
from dressage.errors import PluginError as PluginError
from dressage.errors import SettingsError as SettingsError
from dressage.errors import SpecError as SpecError
from dressage.errors import StageError as StageError
from dressage.errors import UnreachableError as UnreachableError

if TYPE_CHECKING:
    from dressage.engine.engine import Engine as Engine
    from dressage.hooks.specs import hookimpl as hookimpl
    from dressage.specs.compute import ComputeTarget as ComputeTarget
    from dressage.specs.datasets import DatasetFolder as DatasetFolder
    from dressage.specs.datasets import FileDataset as FileDataset
    from dressage.specs.datasets import RegisteredDataset as RegisteredDataset
    from dressage.specs.datasets import Source as Source
    from dressage.specs.environments import Environment as Environment
    from dressage.specs.environments import Project as Project
    from dressage.specs.indexes import Index as Index
    from dressage.specs.models import Distribution as Distribution
    from dressage.specs.models import Model as Model
    from dressage.specs.models import PrimaryMetric as PrimaryMetric
    from dressage.specs.models import Script as Script
    from dressage.specs.settings import setting as setting

_HOMES = {
    "Engine": "dressage.engine.engine",
    "hookimpl": "dressage.hooks.specs",
    "setting": "dressage.specs.settings",
    "ComputeTarget": "dressage.specs.compute",
    **dict.fromkeys(("Environment", "Project"), "dressage.specs.environments"),
    "Index": "dressage.specs.indexes",
    **dict.fromkeys(
        ("DatasetFolder", "FileDataset", "RegisteredDataset", "Source"), "dressage.specs.datasets"
    ),
    **dict.fromkeys(("Distribution", "Model", "PrimaryMetric", "Script"), "dressage.specs.models"),
}


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: a run's supervisor needs only a small part of the package."""
    if name not in _HOMES:
        raise AttributeError(f"module 'dressage' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
