"""Reads local projects: what they require, where their packages are, and whether they must be built.

No code of the project runs. What only its code knows, as in most setup.py, is known once it is built.
"""

import ast
import configparser
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dressage.environments.description_files import PackageList, read_requirements_file, read_text
from dressage.environments.hashes import normalize
from dressage.environments.poetry import to_requirement
from dressage.errors import SpecError, describe_unknown
from dressage.files.toml import read_toml

_PURE_BACKENDS = (
    *("setuptools.build_meta", "setuptools.build_meta:__legacy__", "hatchling.build", "uv_build"),
    *("flit_core.buildapi", "flit.buildapi", "pdm.backend", "pdm.pep517.api"),
    *("poetry.core.masonry.api", "poetry.masonry.api", "poetry_dynamic_versioning.backend"),
)
_COMPILERS = re.compile(
    r"(cython|cffi|pybind11|nanobind|numpy|torch|cmake|scikit-build|setuptools-rust|maturin|mypy|meson)\b",
    re.I,
)
_EXTENSIONS = re.compile(r"ext_modules|\w*Extension\(|cythonize|cffi_modules|rust_extensions|cmake", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalProject:
    """A local project, as its files describe it.

    requirements: what it requires, with the extras that are asked for. source: the folder of its packages, relative
    to the project. reason: why it must be built as a wheel ("it compiles: ..."); None if its folder is enough.
    """

    requirements: tuple[str, ...] = ()
    source: str = "."
    reason: str | None = None


def read_project(folder: Path, extras: Iterable[str] = ()) -> LocalProject:
    """Read the project in a folder. Raises SpecError for a file that cannot be read and for an unknown extra."""
    pyproject = read_pyproject(folder)
    if reason := _reason_to_compile(folder, pyproject):
        return LocalProject(reason=f"it compiles: {reason}")
    project = pyproject.get("project")
    dynamic = project.get("dynamic", ()) if project else ()
    found = _read_setup(folder) if not project or "dependencies" in dynamic else None
    if not project and pyproject.get("tool", {}).get("poetry"):
        found = _read_poetry(pyproject["tool"]["poetry"])
    if project and "dependencies" in dynamic:
        found = _read_dynamic(folder, pyproject) or found
    elif project:
        found = _Required(list(project.get("dependencies", ())), project.get("optional-dependencies", {}))
    if found is None:
        return LocalProject(reason="its dependencies are known once it is built")
    requirements = [*found.always, *_of_extras(folder, found, extras)]
    return LocalProject(requirements=tuple(requirements), source=_source(folder, pyproject))


def read_pyproject(folder: Path) -> dict[str, Any]:
    """Return the content of the folder's pyproject.toml; empty if there is none. Raises SpecError."""
    path = folder / "pyproject.toml"
    if not path.is_file():
        return {}
    try:
        return read_toml(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{str(path)!r}: {error}; correct the TOML") from error


@dataclass(frozen=True, slots=True)
class _Required:
    always: list[str]
    extras: Mapping[str, list[str]]


def _of_extras(folder: Path, found: _Required, extras: Iterable[str]) -> Iterator[str]:
    known = {normalize(name): lines for name, lines in found.extras.items()}
    for name in extras:
        if normalize(name) not in known:
            raise SpecError(f"project {str(folder)!r}: {describe_unknown('extra', name, found.extras)}")
        yield from known[normalize(name)]


def _reason_to_compile(folder: Path, pyproject: Mapping[str, Any]) -> str | None:
    """Return what says that the project has code to compile; None if it is pure Python."""
    system, tools = pyproject.get("build-system", {}), pyproject.get("tool", {})
    backend = system.get("build-backend", _PURE_BACKENDS[0])
    if backend not in _PURE_BACKENDS:
        return f"build backend {backend!r}"
    needs = next((text for text in system.get("requires", ()) if _COMPILERS.match(text)), None)
    if needs:
        return f"building it requires {needs!r}"
    if tools.get("setuptools", {}).get("ext-modules") or tools.get("poetry", {}).get("build"):
        return "its pyproject.toml has extension modules"
    setup = folder / "setup.py"
    match = _EXTENSIONS.search(read_text(setup)) if setup.is_file() else None
    return f"its setup.py has {match[0]!r}" if match else None


def _read_dynamic(folder: Path, pyproject: Mapping[str, Any]) -> _Required | None:
    """Return the dependencies that setuptools or hatch-requirements-txt read from files; None if there are none."""
    tools = pyproject.get("tool", {})
    dynamic = tools.get("setuptools", {}).get("dynamic", {})
    hooks = tools.get("hatch", {}).get("metadata", {}).get("hooks", {})
    files = dynamic.get("dependencies", {}).get("file") or hooks.get("requirements_txt", {}).get("files")
    if not files:
        return None
    extras = {
        name: _lines_of(folder, table["file"])
        for name, table in dynamic.get("optional-dependencies", {}).items()
        if "file" in table
    }
    return _Required(
        _lines_of(folder, files), {**pyproject["project"].get("optional-dependencies", {}), **extras}
    )


def _read_poetry(poetry: Mapping[str, Any]) -> _Required | None:
    """Return the dependencies of a Poetry project without a [project] table; None if one cannot be converted."""
    try:
        lines = {
            name: to_requirement(name, wanted) for name, wanted in poetry.get("dependencies", {}).items()
        }
    except ValueError:
        return None
    extras = {
        name: [lines[one] for one in members if one in lines]
        for name, members in poetry.get("extras", {}).items()
    }
    optional = {
        name
        for name, wanted in poetry["dependencies"].items()
        if isinstance(wanted, dict) and wanted.get("optional")
    }
    always = [line for name, line in lines.items() if name not in optional and name.lower() != "python"]
    return _Required(always, extras)


def _lines_of(folder: Path, files: str | list[str]) -> list[str]:
    names = [files] if isinstance(files, str) else files
    lists: list[PackageList] = [read_requirements_file(folder / name) for name in names]
    return [line for one in lists for line in one.requirements]


def _read_setup(folder: Path) -> _Required | None:
    """Return what setup.cfg or setup.py list as literals; None if only the code of setup.py knows."""
    path = folder / "setup.cfg"
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(read_text(path) if path.is_file() else "")
    except configparser.Error as error:
        raise SpecError(f"{str(path)!r}: {' '.join(str(error).split())}; correct it") from error
    listed = parser.get("options", "install_requires", fallback=None)
    if listed is None:
        setup = folder / "setup.py"
        return _read_call(read_text(setup)) if setup.is_file() else _Required([], {})
    extras = dict(parser["options.extras_require"]) if parser.has_section("options.extras_require") else {}
    return _Required(_listed(folder, listed), {name: _listed(folder, text) for name, text in extras.items()})


def _listed(folder: Path, text: str) -> list[str]:
    if text.strip().startswith("file:"):
        return _lines_of(folder, [name.strip() for name in text.strip().removeprefix("file:").split(",")])
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


def _read_call(text: str) -> _Required | None:
    """Return the literal lists of the call of `setup`; None if they are computed."""
    try:
        calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
        call = next(one for one in calls if ast.unparse(one.func).rpartition(".")[2] == "setup")
        values = {word.arg: word.value for word in call.keywords}
        if None in values:  # setup(**settings)
            return None
        lists = {name: ast.literal_eval(values[name]) for name in _LISTS if name in values}
    except (SyntaxError, StopIteration, ValueError):
        return None
    required, extras = lists.get("install_requires", []), lists.get("extras_require", {})
    required = required.splitlines() if isinstance(required, str) else required
    return _Required([*required], {name: [*lines] for name, lines in extras.items()})


_LISTS = ("install_requires", "extras_require")


def _source(folder: Path, pyproject: Mapping[str, Any]) -> str:
    """Return the folder of the project's packages: as its build settings say, else `src` if there is one."""
    tools = pyproject.get("tool", {})
    setuptools, poetry = tools.get("setuptools", {}), tools.get("poetry", {})
    wheel = tools.get("hatch", {}).get("build", {}).get("targets", {}).get("wheel", {})
    found = setuptools.get("packages")
    where = found.get("find", {}).get("where", ()) if isinstance(found, dict) else ()
    candidates = [
        *where,
        setuptools.get("package-dir", {}).get(""),
        *(str(Path(name).parent) for name in wheel.get("packages", ())),
        *(one.get("from") for one in poetry.get("packages", ()) if isinstance(one, dict)),
        tools.get("uv", {}).get("build-backend", {}).get("module-root"),
    ]
    chosen = next((name for name in candidates if name and (folder / name).is_dir()), None)
    return chosen or ("src" if (folder / "src").is_dir() else ".")
