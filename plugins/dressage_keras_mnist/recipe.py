"""The recipe's settings and its hooks: dataset, compute target, environment and model."""

from dataclasses import dataclass
from typing import Literal

from dressage import (
    ComputeTarget,
    DatasetFolder,
    Environment,
    FileDataset,
    Model,
    PrimaryMetric,
    Script,
    hookimpl,
    setting,
)
from dressage_keras_mnist import data, environments, scripts
from dressage_keras_mnist.vm_sizes import check_offered


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    data: str = setting(
        "mnist", help="mnist, digits (1,797 images included in this package), or a path or URL of IDX files"
    )
    profile: Literal["current", "article"] = setting(
        "current", help="current: today's Keras; article: the Keras of the article of 2020"
    )
    backend: Literal["tensorflow", "jax"] = setting("tensorflow", help="Keras backend")
    batch_size: int = setting(50, help="images per step", minimum=1)
    first_layer_neurons: int = setting(300, help="width of the first hidden layer", minimum=1)
    second_layer_neurons: int = setting(100, help="width of the second hidden layer", minimum=1)
    learning_rate: float = setting(0.001, help="learning rate of RMSprop", minimum=0)
    epochs: int = setting(20, help="passes over the training images", minimum=1)
    seed: int = setting(
        1, help="seed of the initial weights and of the order of the images", minimum=0, maximum=2**32 - 1
    )
    accelerator: Literal["gpu", "cpu"] | None = setting(
        None, help="gpu or cpu; default: what the platform has"
    )
    vm_size: str = setting("Standard_NC4as_T4_v3", help="machine size, on platforms that have sizes")
    max_nodes: int = setting(4, help="maximum number of machines, on platforms that have clusters", minimum=1)
    slots: int = setting(4, help="number of runs at a time on one machine", minimum=1)
    idle_seconds: int = setting(
        1800, help="seconds without a run after which a cluster releases a machine", minimum=0
    )


@hookimpl
def settings() -> type:
    return Settings


@hookimpl
def dataset(settings: Settings) -> FileDataset:
    return data.describe_dataset(settings.data)


@hookimpl
def compute(settings: Settings) -> ComputeTarget:
    check_offered(settings.vm_size)
    return ComputeTarget(
        name="gpu-cluster",
        size=settings.vm_size,
        max_nodes=settings.max_nodes,
        slots=settings.slots,
        idle_seconds=settings.idle_seconds,
        accelerator=settings.accelerator,
    )


@hookimpl
def environment(settings: Settings, compute: ComputeTarget) -> Environment:
    if settings.profile == "article":
        return environments.article()
    return environments.current(settings.backend, compute.accelerator or "cpu")


@hookimpl
def model(settings: Settings) -> Model:
    return Model(
        name="keras-mnist",
        framework="keras",
        primary_metric=PrimaryMetric(name="Final test accuracy", goal="maximize"),
        script=Script(
            directory=scripts.find_folder(
                "keras_mnist_article" if settings.profile == "article" else "keras_mnist"
            ),
            file="keras_mnist.py",
            arguments=("--data-folder", DatasetFolder(), *_arguments(settings)),
        ),
    )


def _arguments(settings: Settings) -> tuple[str, ...]:
    values = {
        "--batch-size": settings.batch_size,
        "--first-layer-neurons": settings.first_layer_neurons,
        "--second-layer-neurons": settings.second_layer_neurons,
        "--learning-rate": settings.learning_rate,
        "--epochs": settings.epochs,
        "--seed": settings.seed,
    }
    return tuple(word for name, value in values.items() for word in (name, str(value)))
