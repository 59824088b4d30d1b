"""What uv inherits from our environment."""

from pathlib import Path

from dressage.environments.uv import environment_of


def test_the_active_environment_is_not_uvs():
    ours = {"VIRTUAL_ENV": "/a", "CONDA_PREFIX": "/b", "PYTHONPATH": "/c", "PYTHONHOME": "/d", "HOME": "/e"}
    theirs = environment_of(ours)
    assert not {"VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME"} & set(theirs)
    assert theirs["HOME"] == "/e"


def test_pips_indexes_are_given_to_uv():
    theirs = environment_of({"PIP_INDEX_URL": "http://a", "PIP_EXTRA_INDEX_URL": "http://b"})
    assert (theirs["UV_DEFAULT_INDEX"], theirs["UV_INDEX"]) == ("http://a", "http://b")


def test_uvs_own_index_comes_first():
    assert environment_of({"PIP_INDEX_URL": "a", "UV_DEFAULT_INDEX": "b"})["UV_DEFAULT_INDEX"] == "b"
    assert "UV_DEFAULT_INDEX" not in environment_of({"PIP_INDEX_URL": "a", "UV_INDEX_URL": "b"})


def test_shims_of_pyenv_give_way_to_the_versions_themselves(tmp_path: Path):
    for folder in ("shims", "versions/3.12.1/bin"):
        (tmp_path / folder).mkdir(parents=True)
    path = environment_of({"PATH": f"/usr/bin:{tmp_path / 'shims'}"})["PATH"]
    assert path == f"/usr/bin:{tmp_path / 'versions/3.12.1/bin'}"
