"""dressage: a plugin-based, framework-agnostic model trainer.

What a plugin author needs, and `Engine` for tools that embed it.
"""

from typing import TYPE_CHECKING, Any

from dressage.errors import DressageError as DressageError
from dressage.errors import NotFoundError as NotFoundError
from dressage.errors import PluginError as PluginError
from dressage.errors import SettingsError as SettingsError
from dressage.errors import SpecError as SpecError
from dressage.errors import StageError as StageError

if TYPE_CHECKING:
    from dressage.engine.engine import Engine as Engine
    from dressage.hooks.specs import hookimpl as hookimpl
    from dressage.specs.descriptions import ComputeTarget as ComputeTarget
    from dressage.specs.descriptions import DatasetFolder as DatasetFolder
    from dressage.specs.descriptions import Environment as Environment
    from dressage.specs.descriptions import FileDataset as FileDataset
    from dressage.specs.descriptions import Model as Model
    from dressage.specs.descriptions import Source as Source
    from dressage.specs.settings import setting as setting

_HOMES = {
    "Engine": "dressage.engine.engine",
    "hookimpl": "dressage.hooks.specs",
    "setting": "dressage.specs.settings",
    **dict.fromkeys(
        ("ComputeTarget", "DatasetFolder", "Environment", "FileDataset", "Model", "Source"),
        "dressage.specs.descriptions",
    ),
}


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])


def __getattr__(name: str) -> Any:
    """Load what is asked for and nothing else: a run's supervisor needs a hundredth of the package."""
    if name not in _HOMES:
        raise AttributeError(f"module 'dressage' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
