"""What conda specifications say, and what is refused."""

import os

import pytest

from dressage import Environment, SpecError
from dressage.environments.parsing import parse as parse_environment
from dressage.environments.readiness import digest_of_text
from dressage.environments.signatures import platform_tag
from dressage.environments.specification import Specification
from dressage.environments.versions import VersionRequirement
from dressage.files.digests import digest_of

CHOICES = ("UV_EXCLUDE_NEWER", "UV_PRERELEASE", "UV_RESOLUTION", "UV_TORCH_BACKEND")


def parse(name: str, conda: str) -> Specification:
    return parse_environment(Environment(name=name, conda=conda))


def test_the_pip_part_is_separate_from_the_conda_packages():
    text = "channels: [conda-forge]\ndependencies:\n- python=3.12\n- cudatoolkit=11\n"
    text += "- pip:\n  - six\n  - -f /wheels\n"
    specification = parse("lab", text)
    assert specification.requirements == ("six",)
    assert specification.options == ("-f /wheels",)
    assert specification.packages == ("cudatoolkit=11",)
    assert str(specification.python) == "3.12"


def test_a_build_string_makes_python_a_conda_package():
    assert parse("lab", "dependencies:\n- python=3.11.7=h955ad1f_0\n").packages == (
        "python=3.11.7=h955ad1f_0",
    )


def test_a_channel_before_python_is_no_obstacle():
    assert str(parse("lab", "dependencies:\n- conda-forge::python=3.11\n").python) == "3.11"


@pytest.mark.parametrize(
    ("written", "specifier"),
    [
        ("=3.11", "==3.11.*"),
        ("3.11", "==3.11.*"),
        ("3.11.*", "==3.11.*"),
        ("==3.6.2", "==3.6.2"),
        (">=3.10, <3.13", ">=3.10,<3.13"),
        ("~=3.11.2", ">=3.11.2,==3.11.*"),
        ("*", ""),
        ("", ""),
    ],
)
def test_versions_are_read_as_conda_users_write_them(written: str, specifier: str):
    assert VersionRequirement.parse(written).specifier == specifier


@pytest.mark.parametrize(
    ("written", "version", "allowed"),
    [
        ("=3.11", (3, 11, 7), True),
        ("=3.11", (3, 12, 0), False),
        (">=3.10,<3.13", (3, 12, 9), True),
        (">=3.10,<3.13", (3, 13, 0), False),
        ("!=3.11", (3, 11, 7), False),
        ("<=3.11", (3, 11, 0), False),
        (">3.9", (3, 10, 0), True),
    ],
)
def test_a_version_is_allowed_or_not(written: str, version: tuple[int, ...], allowed: bool):
    assert VersionRequirement.parse(written).allows(version) is allowed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is empty, not a mapping"),
        ("hello", "it is a string, not a mapping"),
        ("dependencies: six", "'dependencies' is a string, not a list"),
        ("dependencys: [six]", "no key named 'dependencys'; did you mean 'dependencies'"),
        ("dependencies:\n- a: b: c", "line 2: mapping values are not allowed here"),
        ("dependencies:\n- 3.11", r"dependency 3\.11 is not understood"),
        ("dependencies:\n- conda: [six]", "dependency .* is not understood; write 'name=version'"),
        ("dependencies:\n- python=3.x", "version of 'python=3.x' is not understood"),
        ("dependencies:\n- pip:\n  - 3", "pip requirement 3 is a number"),
        ("dependencies:\n- pip:\n  - -r more.txt", "pip option '-r more.txt': other files are not read"),
        ("dependencies:\n- pip:\n  - ./here", "pip requirement './here' is a relative path"),
        ("variables: [A]", "'variables' is a list, not a mapping"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text: str, message: str):
    with pytest.raises(SpecError, match=f"environment 'lab': conda specification: {message}") as caught:
        parse("lab", text)
    assert "\n" not in str(caught.value)


def test_a_specification_keeps_the_digest_that_it_had_before_indexes_had_names():
    text = (
        "channels: [conda-forge]\ndependencies:\n- python=3.12\n- pip:\n"
        "  - six==1.17.0\n  - --index-url https://packages.example/simple\n"
    )
    digest = "9e8e905d0eeebd9c0cd6d60a4a944387d9a80c93800bbb0527537bb1b12254e6"
    assert parse("lab", text).digest == digest


def test_a_conda_specification_alone_is_looked_up_as_before():
    environment = Environment(name="lab", conda="# mine\ndependencies:\n- python\n")
    choices = {name: os.environ.get(name) for name in CHOICES}
    before = digest_of(["text", "dependencies:\n- python", platform_tag(), choices])
    assert digest_of_text(environment) == before
