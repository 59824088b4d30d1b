"""The files of a new plugin."""

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from dressage.templates.installation import Installation
from dressage.templates.naming import Kind, Names
from dressage.templates.originals import Original

_FILES = Path(__file__).parent / "files"
_SUFFIX = ".tmpl"
"""Ends the names of templates, so that no tool takes them for code of this package."""
_VALUE = re.compile(r"\{\{(\w+)\}\}")
_SOURCE = """
# dressage was installed from here when this file was written. Without these lines, uv
# takes dressage from a package index, as for users of your plugin.
[tool.uv.sources]
dressage = {source}
"""


class _Texts(NamedTuple):
    """folders: of the templates. description: of the plugin, in one line. contents: rows of the table of its files.

    command: what to try first, after "dressage". Values in double braces are replaced in all of them.
    """

    folders: tuple[str, ...]
    group: str
    description: str
    command: str
    contents: str


_TEXTS: Mapping[Kind, _Texts] = {
    "recipe": _Texts(
        folders=("common", "recipe"),
        group="dressage.recipes",
        description="A recipe for dressage: {{name}}.",
        command="run {{name}}",
        contents="""\
| `src/{{module}}/plugin.py` | the recipe: settings, data, compute target, environment and model |
| `src/{{module}}/training/` | the training script |
| `src/{{module}}/requirements.txt` | the packages that the script imports |
| `src/{{module}}/data/` | a small data set |""",
    ),
    "platform": _Texts(
        folders=("common", "example", "platform"),
        group="dressage.platforms",
        description="A platform for dressage: {{name}}.",
        command="run ./example/train.py --on {{name}}",
        contents="""\
| `src/{{module}}/plugin.py` | the platform and its options |
| `src/{{module}}/runs.py` | what dressage calls, by run |
| `src/{{module}}/attempts.py` | one attempt of a run: its processes and its folder |
| `example/` | a script to run |""",
    ),
    "policy": _Texts(
        folders=("common", "example", "policy"),
        group="dressage.policies",
        description="A policy for dressage: {{name}}.",
        command="plan ./example/train.py",
        contents="""\
| `src/{{module}}/plugin.py` | the policy |
| `example/` | a script to plan |""",
    ),
    "observer": _Texts(
        folders=("common", "example", "observer"),
        group="dressage.observers",
        description="An observer for dressage: {{name}}.",
        command="run ./example/train.py",
        contents="""\
| `src/{{module}}/plugin.py` | the observer and its options |
| `example/` | a script to run |""",
    ),
}


_COPY = _Texts(
    folders=("common", "copy"),
    group="dressage.recipes",
    description="A recipe for dressage: {{name}}, a copy of {{original}}.",
    command="run {{name}}{{given}}",
    contents="""\
| `src/{{module}}/` | the recipe, its training scripts and data, from {{original}} of {{source}} |{{licenses}}""",
)


def render_files(kind: Kind, names: Names, installation: Installation) -> dict[str, str]:
    """Return the text of each file of a new plugin, by its path in the plugin's folder."""
    own = {**names._asdict(), "entry": f"{names.module}.plugin", "requirements": ""}
    return _render(_TEXTS[kind], names, _fill_texts(_TEXTS[kind], own, installation))


def render_copy(
    original: Original, names: Names, entry: str, settings: Mapping[str, str], installation: Installation
) -> tuple[dict[str, str], str]:
    """Return the text of each file around a copied recipe, and the command to try first, without "dressage".

    entry: of the entry point. settings: those that the recipe needs.
    """
    own = {
        **names._asdict(),
        "entry": entry,
        "requirements": "".join(f", {json.dumps(text)}" for text in original.requirements),
        "original": original.recipe,
        "source": original.source,
        "licenses": "\n| `licenses/` | the license of what was copied |" if original.licenses else "",
        "given": "".join(f" --set {shlex.quote(f'{key}={value}')}" for key, value in settings.items()),
        "settings": json.dumps(settings),
    }
    return _render(_COPY, names, _fill_texts(_COPY, own, installation)), _fill(_COPY.command, own)


def first_command(kind: Kind, names: Names) -> str:
    """Return the command to try first, without "dressage"."""
    return _fill(_TEXTS[kind].command, names._asdict())


def _render(texts: _Texts, names: Names, values: Mapping[str, str]) -> dict[str, str]:
    return {
        _path_of(path.relative_to(_FILES / folder), names): _fill(path.read_text(encoding="utf-8"), values)
        for folder in texts.folders
        for path in sorted((_FILES / folder).rglob(f"*{_SUFFIX}"))
    }


def _fill_texts(texts: _Texts, own: Mapping[str, str], installation: Installation) -> dict[str, str]:
    """Return all values: those of the plugin, and the texts of its kind."""
    filled = {part: _fill(getattr(texts, part), own) for part in ("description", "command", "contents")}
    source, arguments = installation.source, shlex.join(installation.arguments)
    return {
        **own,
        **filled,
        "group": texts.group,
        "version": installation.version,
        "sources": _SOURCE.format(source=source) if source else "",
        "pip": f"pip install {arguments}   # dressage, from where it was installed here\n"
        if arguments
        else "",
    }


def _fill(text: str, values: Mapping[str, str]) -> str:
    return _VALUE.sub(lambda match: values[match[1]], text)


def _path_of(template: Path, names: Names) -> str:
    path = template.as_posix().removesuffix(_SUFFIX)
    return path.replace("MODULE", names.module).replace("NAME", names.name.replace("-", "_"))
