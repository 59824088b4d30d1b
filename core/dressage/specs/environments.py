"""Describe the environment of a training script."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dressage.errors import SpecError
from dressage.specs.environment_checks import (
    check_list,
    check_path,
    check_pyprojects,
    check_secrets,
    check_text,
    check_variables,
)
from dressage.specs.indexes import Index
from dressage.specs.names import check_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The dependencies of a Python project or of a script. They are installed; the project itself is not.

    files: the text of the project's pyproject.toml, and of the other local projects that it refers to, by folder,
        relative to a folder that contains all; or the text of a script's inline metadata (PEP 723).
    folder: which of them is the project.
    lock: the text of the project's uv.lock, or of the lock of its workspace, whose folder is "."; None to resolve the
        dependencies.
    extras: names of the project's optional dependencies.
    groups: names of its dependency groups.
    """

    files: Mapping[str, str]
    folder: str = "."
    lock: str | None = None
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_pyprojects(self.files, self.folder)
        check_text("project", "lock", self.lock)
        check_list("project", "extras", self.extras)
        check_list("project", "groups", self.groups)

    @property
    def pyproject(self) -> str:
        """The text of the project's own pyproject.toml."""
        return self.files[self.folder]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFolder:
    """Where projects are built from. digest: of the files of these projects."""

    path: Path
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What a training script runs in; with nothing to install, the active Python interpreter.

    conda: a conda specification (the text of an environment.yml).
    requirements: the text of a requirements.txt; with `conda` too, it is added to the pip part of the specification.
    constraints: the text of a constraints.txt for `conda` and `requirements`.
    project: the dependencies of a project, in place of `conda` and `requirements`.
    interpreter: the folder of a virtual environment or a conda environment on this machine. A platform that can use
        it takes it as it is; any other platform builds from the fields above.
    builds: projects in the script's directory that are built as wheels and installed, because they compile code:
        their folders relative to it, with extras as in "libs/ops[cuda]". A change of their files builds them again.
    source: the copy of the script's directory to build them from. A recipe gives none: the engine adds the run's.
    indexes: names of package indexes, searched in this order before the default one. Their addresses, which may
        contain credentials, are in the configuration; a recipe and a record contain the names only. An `Index` has a
        public address, which the configuration can replace, and it may be limited to some packages.
    find_links: names of folders or pages that list distributions; their addresses are in the configuration too.
    base_image: the container image to build on, for platforms that build images.
    variables: environment variables of the run; they are recorded.
    secrets: names of environment variables that the script needs. The shell that starts the run has their values,
        which are never recorded.
    origin: where the description was found, and what was not used; lines for people, shown in the plan.
    """

    name: str
    conda: str | None = None
    requirements: str | None = None
    constraints: str | None = None
    project: Project | None = None
    interpreter: Path | None = None
    builds: tuple[str, ...] = ()
    source: SourceFolder | None = None
    indexes: tuple[str | Index, ...] = ()
    find_links: tuple[str, ...] = ()
    base_image: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    origin: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        owner = f"environment {self.name!r}"
        for text in ("name", "conda", "requirements", "constraints", "base_image"):
            check_text(owner, text, getattr(self, text))
        check_name("environment", self.name)
        check_variables(owner, self.variables)
        check_secrets(owner, self.secrets, self.variables)
        check_list(owner, "origin", self.origin)
        check_list(owner, "builds", self.builds)
        check_path(owner, "interpreter", self.interpreter)
        self._check_sources(owner)

    def _check_sources(self, owner: str) -> None:
        self._check_indexes(owner)
        check_list(owner, "find_links", self.find_links)
        for name in self.find_links:
            check_name(f"{owner}: find_links", name)
        if not self.installs and (self.indexes or self.find_links):
            raise SpecError(
                f"{owner} names an index but installs nothing; give 'conda' or 'requirements' too"
            )
        if self.project is None:
            return
        if not isinstance(self.project, Project):
            raise SpecError(f"{owner}: project is {self.project!r:.80}; give a Project")
        if any(text is not None for text in (self.conda, self.requirements, self.constraints)):
            raise SpecError(
                f"{owner} has a project and other packages; give 'project' alone, or put its dependencies into"
                " 'requirements'"
            )

    def _check_indexes(self, owner: str) -> None:
        given = self.indexes
        if isinstance(given, tuple):
            given = tuple(index.name if isinstance(index, Index) else index for index in given)
        check_list(owner, "indexes", given)
        for index in self.indexes:
            if isinstance(index, str):
                check_name(f"{owner}: index", index)
        packages = [package for index in self.named_indexes for package in index.packages]
        for package in packages:
            if packages.count(package) > 1:
                raise SpecError(f"{owner}: two indexes are for package {package!r}; keep one")
        if packages and self.project is not None:
            raise SpecError(
                f"{owner} has a project, which names its indexes itself; move {packages[0]!r} to [tool.uv.sources] of"
                " pyproject.toml"
            )

    @property
    def named_indexes(self) -> tuple[Index, ...]:
        """The indexes; those that were given as a name have no address."""
        return tuple(Index(name=index) if isinstance(index, str) else index for index in self.indexes)

    @property
    def installs(self) -> bool:
        """Whether packages are described; an empty list of packages counts too."""
        texts = (self.conda, self.requirements, self.project)
        return bool(self.builds) or any(text is not None for text in texts)

    @property
    def is_active_interpreter(self) -> bool:
        """Whether the script runs in the active Python interpreter, with nothing installed."""
        return not self.installs and self.interpreter is None
