"""The recipes for MNIST, each with its framework."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from inspect import signature

from dressage import ComputeTarget, Environment


@dataclass(frozen=True)
class Guest:
    """A recipe with settings, its training script, and the files of its model."""

    recipe: str
    module: str
    model: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)


_KERAS_MODEL = ("model.keras", "model.json", "model.weights.h5")
GUESTS = {
    "keras on tensorflow": Guest("keras-mnist", "keras_mnist", _KERAS_MODEL, {"backend": "tensorflow"}),
    "keras on jax": Guest("keras-mnist", "keras_mnist", _KERAS_MODEL, {"backend": "jax"}),
    "pytorch": Guest("pytorch-mnist", "pytorch_mnist", ("model.safetensors", "model.json")),
    "jax": Guest("jax-mnist", "jax_mnist", ("model.npz", "model.json")),
}


def cpu_environment(recipe: str, **settings: str) -> Environment:
    """Return what the recipe describes for a machine without a GPU."""
    plugin = import_module(f"dressage_{recipe.replace('-', '_')}")
    known = {
        "settings": plugin.settings()(**settings),
        "compute": ComputeTarget(name="any", accelerator="cpu"),
    }
    environment = plugin.environment(
        **{name: known[name] for name in signature(plugin.environment).parameters}
    )
    assert isinstance(environment, Environment)
    return environment
