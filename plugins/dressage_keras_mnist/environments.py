"""What the scripts run in; the conda specifications are the files beside this module."""

from pathlib import Path

from dressage import Environment

# Tags with a date stay as they are; `latest` would change below a registered environment.
GPU_IMAGE = "mcr.microsoft.com/azureml/openmpi5.0-cuda12.4-ubuntu22.04:20260715.v1"
CPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20260715.v1"
ARTICLE_IMAGE = "mcr.microsoft.com/azureml/openmpi3.1.2-cuda10.0-cudnn7-ubuntu18.04"
_VARIABLES = {
    "jax": {"KERAS_BACKEND": "jax"},
    # oneDNN changes the order of sums from machine to machine, and says so twice in every log.
    "tensorflow": {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2", "TF_ENABLE_ONEDNN_OPTS": "0"},
}
_SPECIFICATIONS = Path(__file__).parent / "conda"
NAME = "keras-env"


def current(backend: str, accelerator: str) -> Environment:
    return Environment(
        name=NAME,
        conda=_conda(f"{backend}-{accelerator}"),
        base_image=GPU_IMAGE if accelerator == "gpu" else CPU_IMAGE,
        variables=_VARIABLES[backend],
    )


def article() -> Environment:
    """Python 3.6 and TensorFlow 2.0, for platforms that build images."""
    return Environment(name=NAME, conda=_conda("article"), base_image=ARTICLE_IMAGE)


def _conda(name: str) -> str:
    return (_SPECIFICATIONS / f"{name}.yml").read_text(encoding="utf-8")
