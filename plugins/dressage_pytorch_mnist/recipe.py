"""The recipe's hooks: dataset, compute target, environment and model."""

import dressage_mnist as mnist
from dressage import ComputeTarget, Environment, FileDataset, Index, Model, hookimpl
from dressage_training_scripts import describe_script

_REQUIREMENTS = """\
torch==2.13.0
safetensors>=0.5,<1
numpy>=2,<3
mlflow-skinny>=3,<4
matplotlib>=3.10,<4
"""
# On Linux, PyPI has the builds for CUDA only, which have gigabytes.
_CPU_BUILDS = Index(name="pytorch-cpu", address="https://download.pytorch.org/whl/cpu", packages=("torch",))


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
    is_gpu = compute.accelerator == "gpu"
    return Environment(
        name="pytorch-env",
        requirements=_REQUIREMENTS,
        indexes=() if is_gpu else (_CPU_BUILDS,),
        base_image=mnist.base_image(compute),
        # Without it, cuBLAS may sum in another order each time, and PyTorch refuses to use it.
        variables={"CUBLAS_WORKSPACE_CONFIG": ":4096:8"} if is_gpu else {},
    )


@hookimpl
def model(settings: mnist.Settings) -> Model:
    script = describe_script("pytorch_mnist", mnist.script_arguments(settings))
    return mnist.describe_model("pytorch-mnist", "pytorch", script)
