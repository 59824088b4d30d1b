"""Tags of a run: from the user, the recipe and policies."""

import json
from collections.abc import Generator
from pathlib import Path

from tests.fixtures import Dressage, WriteScript
from tests.recipes import Tiny

from dressage import Engine, hookimpl
from dressage.results.events import RunFound


class Tagging(Tiny):
    @hookimpl
    def tags(self) -> dict[str, str]:
        return {"team": "vision", "data": "mnist"}


class Policy:
    @hookimpl(wrapper=True)
    def tags(self) -> Generator[None, dict[str, str], dict[str, str]]:
        return {**(yield), "cost-centre": "42"}


def test_tags_of_the_user_are_kept_with_the_run(engine: Engine, tiny: Tiny):
    run = engine.run("tiny", tags={"team": "vision"})
    assert engine.get(run.id).request.tags == {"team": "vision"}


def test_tags_of_the_user_go_before_the_recipes(engine: Engine, project: Path):
    engine.plugins.add("recipe", "tagging", Tagging(project))
    assert engine.plan("tagging", tags={"team": "speech"}).tags == {"team": "speech", "data": "mnist"}


def test_a_policy_has_the_last_word(engine: Engine, tiny: Tiny):
    engine.plugins.add("policy", "house", Policy())
    assert engine.plan("tiny", tags={"cost-centre": "1", "a": "b"}).tags == {"cost-centre": "42", "a": "b"}


def test_a_policy_may_take_all_tags_away(engine: Engine, tiny: Tiny):
    class Bare:
        @hookimpl(wrapper=True)
        def tags(self) -> Generator[None, dict[str, str], dict[str, str]]:
            yield
            return {}

    engine.plugins.add("policy", "house", Bare())
    assert engine.plan("tiny", tags={"a": "b"}).tags == {}


def test_the_command_line_takes_tags(dressage: Dressage, script: WriteScript):
    path = str(script("print('hello')"))
    dressage("run", path, "--tag", "team=vision", "-t", "note=a=b")
    shown = json.loads(dressage("runs", "show", "latest", "-o", "json").stdout)
    assert shown["request"]["tags"] == {"team": "vision", "note": "a=b"}


def test_tags_that_a_reused_run_does_not_get_are_reported(engine: Engine, tiny: Tiny):
    first = engine.run("tiny")
    first.wait(60)
    heard: list[object] = []
    engine.run("tiny", tags={"team": "vision"}, listener=heard.append)
    assert RunFound(first.id, "reused", "tags") in heard


def test_a_tag_that_is_no_text_is_refused(engine: Engine, tiny: Tiny, dressage: Dressage):
    told = dressage("run", "script", "--tag", "team")
    assert (told.returncode, told.stderr) == (2, "error: invalid --tag 'team': use NAME=VALUE\n")
