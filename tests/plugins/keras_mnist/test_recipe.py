"""What the recipe describes, stage by stage; nothing is trained here."""

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.conftest import REPOSITORY

import dressage_keras_mnist as recipe
from dressage import ComputeTarget, Engine, SettingsError, StageError
from dressage_keras_mnist.data import MIRRORS, MNIST

DIGITS = REPOSITORY / "plugins" / "dressage_keras_mnist" / "digits"
GPU, CPU = (ComputeTarget(name="any", accelerator=kind) for kind in ("gpu", "cpu"))


def set_to(**values: object) -> object:
    return recipe.settings()(**values)


def test_mnist_is_four_files_with_two_mirrors_each():
    dataset = recipe.dataset(settings=set_to())
    assert (dataset.name, dataset.description) == ("mnist-dataset", "training and test dataset")
    assert {source.path for source in dataset.sources} == set(MNIST)
    assert all(
        source.addresses == tuple(mirror + source.path for mirror in MIRRORS) for source in dataset.sources
    )


def test_mnists_digests_and_sizes_are_those_of_the_real_files(mnist: Path):
    sums = dict(reversed(line.split()) for line in (mnist / "SHA256SUMS").read_text().splitlines())
    assert {source.path: source.sha256 for source in recipe.dataset(settings=set_to()).sources} == sums
    assert {name: (mnist / name).stat().st_size for name in MNIST} == {
        n: size for n, (_, size) in MNIST.items()
    }


@pytest.mark.slow
def test_the_digits_are_what_the_script_beside_them_makes(tmp_path: Path):
    subprocess.run(["uv", "run", "--quiet", DIGITS / "make.py", tmp_path], check=True, timeout=250)
    for name in MNIST:
        made, kept = (gzip.decompress((folder / name).read_bytes()) for folder in (tmp_path, DIGITS))
        assert made == kept


def test_ones_own_files_may_be_gzipped_or_plain(tmp_path: Path):
    for name in MNIST:
        shutil.copy(DIGITS / name, tmp_path)
    plain = tmp_path / "t10k-labels-idx1-ubyte"
    plain.write_bytes(gzip.decompress((tmp_path / f"{plain.name}.gz").read_bytes()))
    (tmp_path / f"{plain.name}.gz").unlink()
    paths = [source.path for source in recipe.dataset(settings=set_to(data=str(tmp_path))).sources]
    assert plain.name in paths
    assert "train-images-idx3-ubyte.gz" in paths


def test_a_folder_without_one_of_the_files_is_refused_with_its_name(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"does not contain train-images-idx3-ubyte\.gz"):
        recipe.dataset(settings=set_to(data=str(tmp_path)))


def test_data_that_is_neither_a_name_nor_a_folder_is_refused(engine: Engine):
    with pytest.raises(SettingsError, match=r"fashion' is not a folder; give mnist, digits"):
        engine.plan("keras-mnist", set={"data": "fashion"})


def test_an_address_names_the_four_files_below_it():
    sources = recipe.dataset(settings=set_to(data="http://localhost:1/own/")).sources
    assert sources[0].addresses == ("http://localhost:1/own/train-images-idx3-ubyte.gz",)


def test_the_cluster_is_the_articles_on_a_size_that_is_offered():
    target = recipe.compute(settings=set_to())
    assert (target.name, target.size) == ("gpu-cluster", "Standard_NC4as_T4_v3")
    assert (target.min_nodes, target.max_nodes, target.idle_seconds) == (0, 4, 1800)


@pytest.mark.parametrize(
    "size", ["STANDARD_NC6", "Standard_NC6s_v3", "standard_nc24rs_v3", "Standard_NC12s_v2"]
)
def test_a_retired_size_is_refused_with_its_successor(engine: Engine, size: str):
    with pytest.raises(SettingsError, match=f"{size}.*retired.*use Standard_NC4as_T4_v3"):
        engine.plan("keras-mnist", set={"vm_size": size, "data": "digits"})


@pytest.mark.parametrize("size", ["Standard_NC24ads_A100_v4", "Standard_NC40ads_H100_v5", "Standard_DS3_v2"])
def test_a_size_that_is_offered_is_taken(size: str):
    assert recipe.compute(settings=set_to(vm_size=size)).size == size


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
    environment = recipe.environment(settings=set_to(backend=backend), compute=target)
    assert framework in environment.conda
    assert environment.variables["KERAS_BACKEND"] == backend
    assert ("cuda" in environment.base_image) == (target is GPU)


def test_the_articles_profile_is_the_articles_environment():
    environment = recipe.environment(settings=set_to(profile="article"), compute=GPU)
    assert environment.base_image.endswith("openmpi3.1.2-cuda10.0-cudnn7-ubuntu18.04")
    for line in ("python=3.6.2", "tensorflow-gpu==2.0.0", "keras<=2.3.1"):
        assert line in environment.conda


def test_the_local_platform_says_why_it_cannot_build_the_articles_environment(engine: Engine):
    with pytest.raises(StageError, match=r"asks for Python .*3\.6\.2.*platform that builds images"):
        engine.plan("keras-mnist", set={"profile": "article", "data": "digits"})


def test_the_articles_script_parses_in_python_3_6():
    import ast

    path = recipe.model(settings=set_to(profile="article")).script.directory / "keras_mnist.py"
    ast.parse(path.read_text(), feature_version=(3, 6))


def test_every_setting_reaches_the_script():
    model = recipe.model(settings=set_to(seed=7, batch_size=32))
    arguments = [str(argument) for argument in model.script.arguments]
    given = dict(zip(arguments[::2], arguments[1::2], strict=True))
    assert given == {
        "--data-folder": "DATASET",
        "--batch-size": "32",
        "--first-layer-neurons": "300",
        "--second-layer-neurons": "100",
        "--learning-rate": "0.001",
        "--epochs": "20",
        "--seed": "7",
    }
