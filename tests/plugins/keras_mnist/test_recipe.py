"""What the recipe describes, stage by stage, without training."""

import gzip
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import REPOSITORY

import dressage_keras_mnist as recipe
from dressage import ComputeTarget, Engine, SettingsError, StageError
from dressage_keras_mnist.recipe import Settings
from dressage_mnist.data import MIRRORS, MNIST

DIGITS = REPOSITORY / "plugins" / "dressage_mnist" / "digits"
GPU, CPU = (ComputeTarget(name="any", accelerator=kind) for kind in ("gpu", "cpu"))


def make_settings(**values: Any) -> Settings:
    return Settings(**values)


def test_mnist_is_four_files_with_two_mirrors_each():
    dataset = recipe.dataset(settings=make_settings())
    assert (dataset.name, dataset.description) == ("mnist-dataset", "training and test dataset")
    assert {source.path for source in dataset.sources} == set(MNIST)
    assert all(
        source.addresses == tuple(mirror + source.path for mirror in MIRRORS) for source in dataset.sources
    )


def test_digests_and_sizes_match_the_files_of_mnist(mnist: Path):
    lines = (mnist / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in (line.split() for line in lines)}
    assert {source.path: source.sha256 for source in recipe.dataset(settings=make_settings()).sources} == sums
    assert {name: (mnist / name).stat().st_size for name in MNIST} == {
        n: size for n, (_, size) in MNIST.items()
    }


@pytest.mark.slow
def test_make_py_creates_the_digits(tmp_path: Path):
    subprocess.run(["uv", "run", "--quiet", DIGITS / "make.py", tmp_path], check=True, timeout=250)
    for name in MNIST:
        new, included = (gzip.decompress((folder / name).read_bytes()) for folder in (tmp_path, DIGITS))
        assert new == included


@pytest.mark.parametrize(
    "data", ["http://[::bad", "http://host:99999/", "ftp://host/x", "https:///x", "http://a b/"]
)
def test_an_address_that_cannot_be_used_is_refused_by_the_plan(engine: Engine, data: str):
    with pytest.raises(SettingsError) as caught:
        engine.plan("keras-mnist", set={"data": data})
    assert f"setting data: {data!r} is not a complete web address" in str(caught.value)


def test_a_folder_may_contain_gzipped_and_plain_files(tmp_path: Path):
    for name in MNIST:
        shutil.copy(DIGITS / name, tmp_path)
    plain = tmp_path / "t10k-labels-idx1-ubyte"
    plain.write_bytes(gzip.decompress((tmp_path / f"{plain.name}.gz").read_bytes()))
    (tmp_path / f"{plain.name}.gz").unlink()
    paths = [source.path for source in recipe.dataset(settings=make_settings(data=str(tmp_path))).sources]
    assert plain.name in paths
    assert "train-images-idx3-ubyte.gz" in paths


def test_the_error_for_an_incomplete_folder_names_the_missing_file(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"does not contain train-images-idx3-ubyte\.gz"):
        recipe.dataset(settings=make_settings(data=str(tmp_path)))


def test_data_that_is_neither_a_name_nor_a_folder_is_refused(engine: Engine):
    with pytest.raises(SettingsError, match=r"fashion' is not a folder; give mnist, digits"):
        engine.plan("keras-mnist", set={"data": "fashion"})


def test_an_address_is_completed_with_the_four_file_names():
    sources = recipe.dataset(settings=make_settings(data="http://localhost:1/own/")).sources
    assert sources[0].addresses == ("http://localhost:1/own/train-images-idx3-ubyte.gz",)


def test_the_cluster_is_as_in_the_article_with_an_available_size():
    target = recipe.compute(settings=make_settings())
    assert (target.name, target.size) == ("gpu-cluster", "Standard_NC4as_T4_v3")
    assert (target.min_nodes, target.max_nodes, target.idle_seconds) == (0, 4, 1800)


@pytest.mark.parametrize("size", ["Standard_NC24ads_A100_v4", "Standard_NC40ads_H100_v5", "Standard_DS3_v2"])
def test_an_available_size_is_accepted(size: str):
    assert recipe.compute(settings=make_settings(vm_size=size)).size == size


@pytest.mark.parametrize(
    ("backend", "target", "framework"),
    [
        ("tensorflow", GPU, "tensorflow[and-cuda]"),
        ("tensorflow", CPU, "tensorflow-cpu"),
        ("jax", GPU, "jax[cuda12]"),
        ("jax", CPU, "- jax>="),
    ],
)
def test_the_environment_fits_backend_and_accelerator(backend: str, target: ComputeTarget, framework: str):
    environment = recipe.environment(settings=make_settings(backend=backend), compute=target)
    assert framework in (environment.conda or "")
    assert environment.variables["KERAS_BACKEND"] == backend
    assert ("cuda" in (environment.base_image or "")) == (target is GPU)


def test_the_profile_article_has_the_environment_of_the_article():
    environment = recipe.environment(settings=make_settings(profile="article"), compute=GPU)
    assert (environment.base_image or "").endswith("openmpi3.1.2-cuda10.0-cudnn7-ubuntu18.04")
    for line in ("python=3.6.2", "tensorflow-gpu==2.0.0", "keras<=2.3.1"):
        assert line in (environment.conda or "")


def test_the_local_platform_says_why_it_cannot_build_the_articles_environment(engine: Engine):
    with pytest.raises(StageError, match=r"requires Python .*3\.6\.2.*platform that builds images"):
        engine.plan("keras-mnist", set={"profile": "article", "data": "digits"})


def test_the_articles_script_parses_in_python_3_6():
    import ast

    path = recipe.model(settings=make_settings(profile="article")).script.directory / "keras_mnist.py"
    ast.parse(path.read_text(), feature_version=(3, 6))


def test_every_setting_reaches_the_script():
    model = recipe.model(settings=make_settings(seed=7, batch_size=32))
    arguments = [str(argument) for argument in model.script.arguments]
    values = dict(zip(arguments[::2], arguments[1::2], strict=True))
    assert values == {
        "--data-folder": "DATASET",
        "--batch-size": "32",
        "--first-layer-neurons": "300",
        "--second-layer-neurons": "100",
        "--learning-rate": "0.001",
        "--epochs": "20",
        "--seed": "7",
    }
