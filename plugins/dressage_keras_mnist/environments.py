"""The environments of the training scripts. The conda specifications are in conda/."""

from pathlib import Path

from dressage import ComputeTarget, Environment
from dressage_mnist import base_image

ARTICLE_IMAGE = "mcr.microsoft.com/azureml/openmpi3.1.2-cuda10.0-cudnn7-ubuntu18.04"
_VARIABLES = {
    "jax": {"KERAS_BACKEND": "jax"},
    # oneDNN sums in a different order on each machine, and prints two warnings about it.
    "tensorflow": {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2", "TF_ENABLE_ONEDNN_OPTS": "0"},
}
_SPECIFICATIONS = Path(__file__).parent / "conda"
NAME = "keras-env"


def current(backend: str, target: ComputeTarget) -> Environment:
    """Return the environment of the profile `current`."""
    accelerator = target.accelerator or "cpu"
    return Environment(
        name=NAME,
        conda=_conda(f"{backend}-{accelerator}"),
        base_image=base_image(target),
        variables=_VARIABLES[backend],
    )


def article() -> Environment:
    """Return the environment of the profile `article`: Python 3.6, TensorFlow 2.0. The platform must build images."""
    return Environment(name=NAME, conda=_conda("article"), base_image=ARTICLE_IMAGE)


def _conda(name: str) -> str:
    return (_SPECIFICATIONS / f"{name}.yml").read_text(encoding="utf-8")
