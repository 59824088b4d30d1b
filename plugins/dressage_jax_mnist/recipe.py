"""The recipe's hooks: dataset, compute target, environment and model."""

from pathlib import Path

import dressage_mnist as mnist
from dressage import ComputeTarget, Environment, FileDataset, Model, hookimpl
from dressage_training_scripts import describe_script

_SPECIFICATIONS = Path(__file__).parent / "conda"
_VARIABLES = {
    "cpu": {"JAX_PLATFORMS": "cpu"},
    # Otherwise sums differ from run to run.
    "gpu": {"XLA_FLAGS": "--xla_gpu_deterministic_ops=true"},
}


@hookimpl
def settings() -> type:
    return mnist.Settings


@hookimpl
def dataset(settings: mnist.Settings) -> FileDataset:
    return mnist.describe_dataset(settings.data)


@hookimpl
def compute(settings: mnist.Settings) -> ComputeTarget:
    return mnist.describe_compute(settings)


@hookimpl
def environment(compute: ComputeTarget) -> Environment:
    accelerator = compute.accelerator or "cpu"
    return Environment(
        name="jax-env",
        conda=(_SPECIFICATIONS / f"{accelerator}.yml").read_text(encoding="utf-8"),
        base_image=mnist.base_image(compute),
        variables=_VARIABLES[accelerator],
    )


@hookimpl
def model(settings: mnist.Settings) -> Model:
    script = describe_script("jax_mnist", mnist.script_arguments(settings))
    return mnist.describe_model("jax-mnist", "jax", script)
