"""The compute target, and the images of its machines on platforms that build images."""

from dressage import ComputeTarget
from dressage_mnist.settings import Settings

# Images with a date in the tag never change; `latest` would change under a registered environment.
_GPU_IMAGE = "mcr.microsoft.com/azureml/openmpi5.0-cuda12.4-ubuntu22.04:20260715.v1"
_CPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20260715.v1"


def describe_compute(settings: Settings) -> ComputeTarget:
    """Return the compute target."""
    return ComputeTarget(
        name="gpu-cluster",
        size=settings.vm_size,
        max_nodes=settings.max_nodes,
        slots=settings.slots,
        idle_seconds=settings.idle_seconds,
        accelerator=settings.accelerator,
    )


def base_image(target: ComputeTarget) -> str:
    """Return the image to build an environment on."""
    return _GPU_IMAGE if target.accelerator == "gpu" else _CPU_IMAGE
