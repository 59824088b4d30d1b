"""What requirements say, and what is refused."""

import pytest

from dressage import Environment, SpecError
from dressage.environments.parsing import parse
from dressage.environments.specification import Specification

HASH = f"--hash=sha256:{'0' * 64}"


def read(requirements: str, conda: str | None = None) -> Specification:
    return parse(Environment(name="lab", requirements=requirements, conda=conda))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ()),
        ("\n  \n# a comment\n", ()),
        ("six\n", ("six",)),
        ("\ufeffsix", ("six",)),
        ("six  # why\r\niniconfig\r\n", ("iniconfig", "six")),
        ("six\nsix\n", ("six",)),
        ("six [a,b] >= 1 ;  python_version < '3.13'", ("six [a,b] >= 1 ; python_version < '3.13'",)),
        ("six>=1, \\\n    <2\n", ("six>=1, <2",)),
        (f"six==1.0 \\\n    {HASH} \\\n    {HASH}\n", (f"six==1.0 {HASH} {HASH}",)),
        ("six \\\n# a comment ends it\niniconfig", ("iniconfig", "six")),
        ("six \\", ("six",)),
        ("six @ https://a/six.whl#sha256=0", ("six @ https://a/six.whl#sha256=0",)),
        ("git+https://a/six.git@1.0#egg=six", ("git+https://a/six.git@1.0#egg=six",)),
        ("six@git+ssh://git@a/six.git", ("six@git+ssh://git@a/six.git",)),
        ("/wheels/six-1.0-py3-none-any.whl", ("/wheels/six-1.0-py3-none-any.whl",)),
        ("six @ file:///wheels/six.whl", ("six @ file:///wheels/six.whl",)),
        ("six @ https://${TOKEN}@a/six.whl", ("six @ https://${TOKEN}@a/six.whl",)),
    ],
)
def test_requirements_are_read(text: str, lines: tuple[str, ...]):
    assert read(text).requirements == lines


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("-i https://a/simple", ("-i https://a/simple",)),
        ("--index-url=https://a/simple", ("--index-url=https://a/simple",)),
        ("--extra-index-url https://me:${PW}@a", ("--extra-index-url https://me:${PW}@a",)),
        ("--find-links   /wheels", ("--find-links /wheels",)),
        ("--no-index", ("--no-index",)),
        ("--no-binary :all:", ("--no-binary :all:",)),
        ("--only-binary=six", ("--only-binary=six",)),
        ("--extra-index-url https://a/simple", ("--extra-index-url https://a/simple",)),
        ("--pre", ("--pre",)),
        ("--require-hashes", ("--require-hashes",)),
        ("--use-pep517", ()),
    ],
)
def test_options_that_uv_can_follow_are_kept(line: str, options: tuple[str, ...]):
    assert read(f"six\n{line}\n").options == options


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "-r more.txt",
            "pip option '-r more.txt': other files are not read; put the lines of that file here",
        ),
        ("--requirement=more.txt", "pip option '--requirement=more.txt': other files are not read"),
        ("-c pins.txt", "pip option '-c pins.txt': .* put the lines of that file into the environment"),
        ("-e .", r"pip option '-e \.': it installs from a folder; write 'NAME @ git\+https"),
        ("--prefer-binary", "pip option '--prefer-binary': .* write '--only-binary NAME'"),
        ("--trusted-host a", "pip option '--trusted-host a': .* set UV_INSECURE_HOST"),
        (
            "--no-build-isolation",
            "pip option '--no-build-isolation' is not understood; known: -i, --index-url",
        ),
        ("-f wheels", "pip option '-f wheels' has a relative path"),
        ("--index-url ./simple", "pip option '--index-url ./simple' has a relative path"),
        (".", r"pip requirement '\.' is a relative path"),
        ("./six", r"pip requirement '\./six' is a relative path"),
        ("wheels/six.whl", "pip requirement 'wheels/six.whl' is a relative path"),
        ("six-1.0-py3-none-any.whl", "pip requirement 'six-1.0-py3-none-any.whl' is a relative path"),
        ("file:./six.whl", r"pip requirement 'file:\./six.whl' is a relative path"),
        ("six @ ./six", r"pip requirement 'six @ \./six' is a relative path"),
        ("six @ wheels/six", "pip requirement 'six @ wheels/six' is a relative path"),
        ("six 1.0", "pip requirement 'six 1.0' is not understood; write it like 'name==1.0'"),
        ("six --config-settings a=b", "pip requirement 'six' has options other than --hash"),
        (f"https://a/six.whl {HASH}", "pip requirement 'https://a/six.whl' has a hash but no name"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_line(line: str, message: str):
    with pytest.raises(SpecError, match=f"environment 'lab': requirements: line 3: {message}") as caught:
        read(f"six\n\n{line}\n")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("line", ["-i https://me:pass-word@a/simple", "six @ https://:pass-word@a/six.whl"])
def test_a_password_in_the_text_is_refused_and_not_shown(line: str):
    with pytest.raises(SpecError, match=r"line 1: its address contains a password.*\[indexes\]") as caught:
        read(line)
    assert "pass-word" not in str(caught.value)


def test_a_password_on_a_refused_line_is_not_shown():
    with pytest.raises(SpecError, match="it installs from a folder") as caught:
        read("-e git+https://me:${PASSWORD}pass-word@a/six", conda=None)
    assert "pass-word" not in str(caught.value)


def test_requirements_join_the_pip_part_of_a_conda_specification():
    pip = "dependencies:\n- python=3.12\n- pip:\n  - six\n  - --no-index\n"
    both = read("iniconfig\nsix\n--pre\n", conda=pip)
    assert both.requirements == ("iniconfig", "six")
    assert both.options == ("--no-index", "--pre")
    assert str(both.python) == "3.12"


def test_it_does_not_matter_where_a_requirement_stands():
    base = "dependencies:\n- python=3.12\n"
    assert read("six", conda=base) == read("", conda=f"{base}- pip:\n  - six\n")


@pytest.mark.parametrize("option", ["--index-url", "--extra-index-url=", "-f"])
@pytest.mark.parametrize("credentials", ["me:t0ken", "t0ken"])
def test_an_index_with_credentials_is_refused_with_how_to_name_it(option: str, credentials: str):
    line = f"{option} https://{credentials}@packages.example/simple"
    with pytest.raises(SpecError, match=r"\[indexes\]") as caught:
        read(f"six\n{line}\n")
    assert "t0ken" not in str(caught.value)
    with pytest.raises(SpecError, match=r"\[indexes\]") as caught:
        read("", conda=f"dependencies:\n- pip:\n  - {line}\n")
    assert "t0ken" not in str(caught.value)
