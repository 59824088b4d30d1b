"""The stage through its public door, with the real uv."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.package_index import Index

from dressage import NotFoundError, SpecError, StageError

from .conftest import Stage

THIS = "{}.{}".format(*sys.version_info[:2])


def conda(*requirements: str, python: str = f"python={THIS}") -> str:
    lines = ["name: lab", "channels:", "- conda-forge", "dependencies:", f"- {python}"]
    return "\n".join([*lines, "- pip:", *(f"  - {line}" for line in requirements)]) + "\n"


def output(*command: str | Path) -> str:
    return subprocess.run([*map(str, command)], check=True, capture_output=True, text=True).stdout.strip()


def test_a_built_environment_runs_a_script_that_imports_its_packages(stage: Stage):
    version = stage.ensure(conda("six==1.17.0", "iniconfig"))
    code = "import six, iniconfig; print(six.__version__)"
    assert output(stage.environments.interpreter(version.key), "-c", code) == "1.17.0"


def test_it_holds_nothing_but_what_was_asked_for(stage: Stage, index: Index):
    index.publish("toya", "1.0")
    version = stage.ensure(conda("toya"))
    code = "from importlib.metadata import distributions; print([d.name for d in distributions()])"
    assert output(stage.environments.interpreter(version.key), "-c", code) == "['toya']"


def test_pip_among_the_conda_packages_is_installed(stage: Stage):
    version = stage.ensure(f"dependencies:\n- python={THIS}\n- pip=24.0\n")
    said = output(stage.environments.interpreter(version.key), "-m", "pip", "--version")
    assert said.startswith("pip 24.0")


def test_bytecode_is_compiled_where_its_source_is(
    stage: Stage, index: Index, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "elsewhere"))
    index.publish("toya", "1.0")
    version = stage.ensure(conda("toya"))
    assert list((stage.root / version.key).rglob("toya.*.pyc"))


def test_the_first_plan_is_to_build(stage: Stage):
    plan = stage.plan(conda("six"))
    assert (plan.action, plan.reasons) == ("build", ("never built",))


def test_planning_touches_nothing(stage: Stage):
    stage.plan(conda("six"))
    stage.plan(None)
    assert not stage.root.exists()


def test_a_second_ensure_reuses_it(stage: Stage, index: Index):
    index.publish("toya", "1.0")
    first = stage.ensure(conda("toya"))
    assert stage.ensure(conda("toya")) == first
    assert stage.heard.lines == []


def test_after_ensure_the_plan_is_to_reuse_with_the_same_key(stage: Stage, index: Index):
    index.publish("toya", "1.0")
    version = stage.ensure(conda("toya"))
    plan = stage.plan(conda("toya"))
    assert (plan.action, plan.key) == ("reuse", version.key)


def test_a_known_specification_is_planned_without_yaml_or_a_subprocess(stage: Stage, index: Index):
    index.publish("toya", "1.0")
    stage.ensure(conda("toya"))
    code = (
        "import sys; from pathlib import Path; from dressage import Environment\n"
        "from dressage.environments.uv_environments import UvEnvironments\n"
        f"stage = UvEnvironments(Path({str(stage.root)!r}))\n"
        f"wanted = Environment(name='lab', conda={conda('toya')!r})\n"
        "print(stage.plan(wanted).action, stage.ensure(wanted, print).name)\n"
        "print(sorted({'yaml', 'uv', 'tempfile', 'asyncio', 'rattler'} & set(sys.modules)))"
    )
    assert output(sys.executable, "-c", code).splitlines() == ["reuse lab", "[]"]


def test_a_changed_line_is_named_in_the_plan(stage: Stage, index: Index):
    index.publish("toya", "1.0")
    index.publish("toya", "1.1")
    stage.ensure(conda("toya==1.0"))
    plan = stage.plan(conda("toya==1.1"))
    assert plan.action == "build"
    assert plan.reasons == ("conda specification: - toya==1.0", "conda specification: + toya==1.1")


def test_a_changed_line_makes_another_environment(stage: Stage, index: Index):
    index.publish("toya", "1.0")
    index.publish("toya", "1.1")
    first, second = stage.ensure(conda("toya==1.0")), stage.ensure(conda("toya==1.1"))
    assert first.key != second.key
    assert [version.key for version in stage.environments.list()] == [first.key, second.key]


def test_another_spelling_of_the_same_specification_is_reused(stage: Stage, index: Index):
    index.publish("toya", "1.0")
    index.publish("toyb", "1.0")
    version = stage.ensure(conda("toya", "toyb"))
    respelt = "# a comment\n" + conda("toyb", "toya").replace("name: lab", "name: other")
    assert stage.plan(respelt).action == "reuse"
    assert stage.ensure(respelt).key == version.key
    assert stage.heard.lines == []


def test_another_specification_that_resolves_to_the_same_is_not_built_again(stage: Stage, index: Index):
    index.publish("toya", "1.0")
    first = stage.ensure(conda("toya"))
    second = stage.ensure(conda("toya==1.0"), name="other")
    assert second.key == first.key
    assert not stage.has_built


def test_one_environment_is_listed_under_each_of_its_names(stage: Stage, index: Index):
    index.publish("toya", "1.0")
    stage.ensure(conda("toya"))
    stage.ensure(conda("toya"), name="other")
    assert [version.name for version in stage.environments.list()] == ["lab", "other"]


def test_the_lock_has_hashes_and_no_places(stage: Stage, index: Index):
    index.publish("toya", "1.0", requires=("toyb",))
    index.publish("toyb", "2.0")
    lock = stage.environments.lock(stage.ensure(conda("toya")).key)
    assert [line for line in lock.splitlines() if "==" in line] == ["toya==1.0 \\", "toyb==2.0 \\"]
    assert lock.count("--hash=sha256:") == 2
    assert "127.0.0.1" not in lock
    assert str(stage.root) not in lock


def test_markers_decide_on_this_machine(stage: Stage, index: Index):
    index.publish("toya", "1.0")
    version = stage.ensure(conda("toya; sys_platform != 'nowhere'", "toyb; sys_platform == 'nowhere'"))
    assert "toyb" not in stage.environments.lock(version.key)


def test_options_of_pip_in_the_specification_are_followed(
    stage: Stage, index: Index, monkeypatch: pytest.MonkeyPatch
):
    index.publish("toya", "1.0")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    version = stage.ensure(conda(f"--index-url {index.url}", "toya"))
    assert "127.0.0.1" not in stage.environments.lock(version.key)


def test_upgrade_resolves_again(stage: Stage, index: Index):
    index.publish("toya", "1.0")
    first = stage.ensure(conda("toya"))
    index.publish("toya", "1.1")
    assert stage.ensure(conda("toya")).key == first.key
    upgraded = stage.ensure(conda("toya"), upgrade=True)
    assert "toya==1.1" in stage.environments.lock(upgraded.key)
    assert stage.plan(conda("toya")).key == upgraded.key


def test_a_moved_workspace_still_works(stage: Stage, index: Index):
    index.publish("toya", "1.0")
    version = stage.ensure(conda("toya"))
    moved = stage.root.parent.rename(stage.root.parent.with_name("moved")) / "environments"
    stage.root = moved
    assert stage.plan(conda("toya")).action == "reuse"
    assert output(stage.environments.interpreter(version.key).with_name("toya")) == "1.0"


def test_a_deleted_folder_is_built_again_from_the_same_lock(stage: Stage, index: Index, tmp_path: Path):
    index.publish("toya", "1.0")
    version = stage.ensure(conda("toya"))
    index.publish("toya", "1.1")
    (stage.root / version.key).rename(tmp_path / "gone")
    plan = stage.plan(conda("toya"))
    assert (plan.action, plan.key) == ("build", version.key)
    assert plan.reasons[0].endswith("no longer exists")
    assert stage.ensure(conda("toya")).key == version.key


def test_an_environment_whose_base_python_is_gone_is_built_again(stage: Stage, index: Index):
    index.publish("toya", "1.0")
    version = stage.ensure(conda("toya"))
    interpreter = stage.environments.interpreter(version.key)
    interpreter.unlink()
    interpreter.symlink_to("/nonexistent/python")
    assert "its interpreter" in stage.plan(conda("toya")).reasons[0]
    assert stage.ensure(conda("toya")).key == version.key
    assert (
        output(stage.environments.interpreter(version.key), "-c", "import toya; print(toya.VERSION)") == "1.0"
    )


def test_variables_of_the_specification_reach_the_run(stage: Stage):
    text = f"dependencies:\n- python={THIS}\nvariables:\n  THREADS: 4\n"
    assert stage.ensure(text).variables == {"THREADS": "4"}
    assert stage.ensure(text).variables == {"THREADS": "4"}


def test_python_alone_is_an_environment(stage: Stage):
    version = stage.ensure("dependencies:\n- python\n")
    assert output(stage.environments.interpreter(version.key), "-c", "print(1)") == "1"


@pytest.mark.parametrize("step", ["plan", "ensure"])
def test_a_python_that_cannot_be_built_is_refused(stage: Stage, step: str):
    text = "dependencies:\n- python=3.6.2\n- pip:\n  - tensorflow-gpu==2.0.0\n"
    with pytest.raises(
        StageError, match=r"environment 'lab' cannot be built on this machine: it requires Python 3\.6\.2"
    ) as caught:
        getattr(stage, step)(text)
    assert "with --on" in str(caught.value)


def test_a_python_that_nobody_has_is_named(stage: Stage):
    with pytest.raises(StageError, match=r"requires Python 3\.99, which is not installed"):
        stage.ensure("dependencies:\n- python=3.99\n")


def test_an_unknown_package_is_named(stage: Stage, index: Index):
    with pytest.raises(StageError, match=r"environment 'lab': .*toy-nowhere was not found") as caught:
        stage.ensure(conda("toy-nowhere"))
    assert "\n" not in str(caught.value)


def test_what_uv_said_is_kept_in_the_log_that_the_error_names(stage: Stage, index: Index):
    with pytest.raises(StageError) as caught:
        stage.ensure(conda("toy-nowhere"))
    log = Path(str(caught.value).rpartition("full output of uv: '")[2].rstrip("')"))
    assert "toy-nowhere was not found" in log.read_text()


def test_versions_that_do_not_fit_are_explained(stage: Stage, index: Index):
    index.publish("toya", "1.0", requires=("toyb<2",))
    index.publish("toyb", "2.0")
    with pytest.raises(StageError, match=r"you require toyb<2 .*; change the requirements"):
        stage.ensure(conda("toya==1.0", "toyb==2.0"))


def test_a_dead_index_points_to_the_network(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(StageError, match="check the network"):
        stage.ensure(conda("toya"))


def test_a_failed_build_leaves_nothing_and_the_plan_says_so(stage: Stage, index: Index):
    with pytest.raises(StageError):
        stage.ensure(conda("toy-nowhere"))
    assert stage.folders() == []
    assert list((stage.root / "building").glob("[!.]*")) == []
    assert stage.plan(conda("toy-nowhere")).action == "build"


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_cannot_be_written_is_named(stage: Stage):
    stage.root.parent.mkdir()
    stage.root.parent.chmod(0o500)
    with pytest.raises(StageError, match=r"environment 'lab': .*workspace.*Permission denied"):
        stage.ensure(conda("six"))


def test_a_folder_that_cannot_be_made_is_named(stage: Stage):
    stage.root.parent.write_text("a file in the way")
    with pytest.raises(NotADirectoryError, match="workspace"):
        stage.ensure(conda("six"))


def test_conda_packages_need_an_extra(stage: Stage):
    try:
        import rattler  # noqa: F401

        pytest.skip("rattler is installed")
    except ImportError:
        pass
    with pytest.raises(StageError, match=r"conda packages \(cudatoolkit=11\), .*'dressage\[conda\]'; or"):
        stage.plan("dependencies:\n- python=3.11\n- cudatoolkit=11\n")


def test_an_unknown_key_is_not_found(stage: Stage):
    with pytest.raises(NotFoundError, match="no environment with key 'abc'"):
        stage.environments.interpreter("abc")


def test_a_malformed_specification_is_refused_when_planned(stage: Stage):
    with pytest.raises(SpecError, match="environment 'lab': conda specification: line 2"):
        stage.plan("dependencies:\n- a: b: c\n")


def test_settings_of_the_project_around_the_workspace_do_not_count(stage: Stage, index: Index):
    index.publish("toya", "1.0")
    stage.root.mkdir(parents=True)
    (stage.root.parent / "pyproject.toml").write_text('[tool.uv]\nconstraint-dependencies = ["toya<1"]\n')
    stage.ensure(conda("toya"))
