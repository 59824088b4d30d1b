"""What pytorch-mnist and jax-mnist describe, and what all recipes for MNIST have in common, without training."""

from importlib import import_module
from typing import Any

import pytest
from tests.guests import GUESTS, cpu_environment

import dressage_jax_mnist
import dressage_pytorch_mnist
from dressage import ComputeTarget, Index
from dressage.storage import snapshots

GPU = ComputeTarget(name="any", accelerator="gpu")
RECIPES = sorted({guest.recipe for guest in GUESTS.values()})


def plugin_of(recipe: str) -> Any:
    return import_module(f"dressage_{recipe.replace('-', '_')}")


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_run_gets_the_package_of_its_script_and_the_shared_one(recipe: str):
    plugin = plugin_of(recipe)
    script = plugin.model(settings=plugin.settings()()).script
    taken = snapshots.survey(script.directory, only=script.only).snapshot
    folders = {file.path.partition("/")[0] for file in taken.files}
    assert folders == {recipe.replace("-", "_"), "shared"}


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_setting_of_the_network_reaches_the_script(recipe: str):
    plugin = plugin_of(recipe)
    settings = plugin.settings()(
        batch_size=1, first_layer_neurons=2, second_layer_neurons=3, learning_rate=0.4, epochs=5, seed=6
    )
    words = [str(argument) for argument in plugin.model(settings=settings).script.arguments]
    assert dict(zip(words[::2], words[1::2], strict=True)) == {
        "--data-folder": "DATASET",
        "--batch-size": "1",
        "--first-layer-neurons": "2",
        "--second-layer-neurons": "3",
        "--learning-rate": "0.4",
        "--epochs": "5",
        "--seed": "6",
    }


@pytest.mark.parametrize("recipe", RECIPES)
def test_all_train_on_the_same_data_and_the_same_cluster(recipe: str):
    plugin, keras = plugin_of(recipe), plugin_of("keras-mnist")
    ours, theirs = plugin.settings()(data="digits"), keras.settings()(data="digits")
    assert plugin.dataset(settings=ours) == keras.dataset(settings=theirs)
    assert plugin.compute(settings=ours) == keras.compute(settings=theirs)


def test_the_cpu_build_of_pytorch_comes_from_its_own_index():
    (index,) = cpu_environment("pytorch-mnist").indexes
    address = "https://download.pytorch.org/whl/cpu"
    assert index == Index(name="pytorch-cpu", address=address, packages=("torch",))


def test_the_gpu_build_of_pytorch_comes_from_the_default_index():
    environment = dressage_pytorch_mnist.environment(compute=GPU)
    assert environment.indexes == ()
    assert environment.requirements == cpu_environment("pytorch-mnist").requirements
    assert environment.variables == {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
    assert "cuda" in (environment.base_image or "")


@pytest.mark.parametrize(("target", "framework"), [("gpu", "jax[cuda12]>="), ("cpu", "- jax>=")])
def test_the_build_of_jax_fits_the_accelerator(target: Any, framework: str):
    compute = ComputeTarget(name="any", accelerator=target)
    environment = dressage_jax_mnist.environment(compute=compute)
    assert framework in (environment.conda or "")
    assert ("cuda" in (environment.base_image or "")) == (target == "gpu")
