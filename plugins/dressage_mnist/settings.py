"""The settings that all recipes for MNIST have."""

from dataclasses import dataclass
from typing import Literal

from dressage import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a recipe; a recipe with more settings derives from them."""

    data: str = setting(
        "mnist", help="mnist, digits (1,797 images included in this package), or a path or URL of IDX files"
    )
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
