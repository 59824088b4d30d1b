"""What an environment's description may hold."""

from pathlib import Path
from typing import Any

import pytest

from dressage import Environment, Project, SpecError


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": 3}, "environment 3: name is 3, of type 'int'; give text"),
        ({"name": "a b"}, "environment name 'a b': use letters"),
        (
            {"conda": {"dependencies": []}},
            "environment 'lab': conda is {'dependencies': \\[\\]}, of type 'dict'",
        ),
        ({"requirements": ["six"]}, r"requirements is \['six'\], of type 'list'; give text"),
        ({"base_image": 3}, "base_image is 3, of type 'int'; give text"),
        ({"variables": "A=1"}, "variables is 'A=1', of type 'str'; give a mapping"),
        ({"variables": {"A": 1}}, "variable 'A' is 1; names and values must be text"),
        ({"indexes": "lab"}, "indexes is 'lab', of type 'str'; give a tuple of names"),
        ({"indexes": (3,)}, "indexes contains 3, of type 'int'"),
        ({"indexes": ("a", "a")}, "indexes names 'a' twice; keep one"),
        ({"indexes": ("https://a",)}, "index name 'https://a': use letters"),
        ({"find_links": ("a/b",)}, "find_links name 'a/b': use letters"),
        ({"secrets": ("A-B",)}, "secret 'A-B' is not the name of a variable"),
        ({"secrets": ("A", "A")}, "secrets names 'A' twice"),
        ({"interpreter": "/venv"}, "interpreter is '/venv', of type 'str'; give a pathlib.Path"),
        ({"interpreter": Path("venv")}, "interpreter 'venv' is relative; make it absolute"),
        ({"constraints": ["six"]}, r"constraints is \['six'\], of type 'list'; give text"),
        ({"builds": "."}, r"builds is '\.', of type 'str'; give a tuple"),
        ({"project": "six"}, "project is 'six'; give a Project"),
        ({"project": Project(files={".": ""})}, "has a project and other packages; give 'project' alone"),
        (
            {"secrets": ("A",), "variables": {"A": "1"}},
            "'A' is a variable and a secret; keep only one",
        ),
    ],
)
def test_what_it_may_not_hold_is_refused_in_one_line(fields: dict[str, Any], message: str):
    with pytest.raises(SpecError, match=message) as caught:
        Environment(**{"name": "lab", "requirements": "", **fields})
    assert "\n" not in str(caught.value)


def test_an_index_without_anything_to_install_is_refused():
    with pytest.raises(SpecError, match="'lab' names an index but installs nothing; give 'conda' or"):
        Environment(name="lab", indexes=("a",))


def test_without_conda_and_requirements_it_is_the_active_interpreter():
    assert Environment(name="lab").is_active_interpreter
    assert not Environment(name="lab", requirements="").is_active_interpreter


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"files": {}}, r"project: no pyproject\.toml for its folder '\.'; give its text"),
        ({"files": {".": ""}, "folder": "a"}, r"project: no pyproject\.toml for its folder 'a'"),
        ({"files": {".": "", "../a": ""}}, r"project: folder '\.\./a' leaves the project"),
        ({"files": {".": None}}, r"project: the pyproject\.toml of '\.' is of type 'NoneType'; give text"),
        ({"files": {".": ""}, "lock": 3}, "project: lock is 3, of type 'int'; give text"),
        ({"files": {".": ""}, "extras": "a"}, "project: extras is 'a', of type 'str'; give a tuple"),
    ],
)
def test_what_a_project_may_not_hold_is_refused_in_one_line(fields: dict[str, Any], message: str):
    with pytest.raises(SpecError, match=message):
        Project(**fields)
