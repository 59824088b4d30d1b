"""The files of a plugin that is a copy of a recipe."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dressage.templates.naming import Names
from dressage.templates.originals import Original, Package
from dressage.templates.rewriting import Renames, rewrite

Content = str | bytes | Path
"""Of a file: text, bytes, or the file that is copied, with its mode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripts:
    """Training scripts that a recipe names: a directory, absolute, and the files that a run gets of it."""

    directory: Path
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a recipe under new names. scripts: all that the recipe names."""

    original: Original
    names: Names
    scripts: Sequence[Scripts]

    @property
    def entry(self) -> str:
        """The module, and the attribute, of the entry point."""
        package = self.original.packages[0].module
        return self.names.module + self.original.entry.removeprefix(package)

    @property
    def modules(self) -> dict[str, str]:
        """The new name of each package; those that the recipe imports become packages in it."""
        first, *others = (package.module for package in self.original.packages)
        return {
            first: self.names.module,
            **{name: f"{self.names.module}.{name.rpartition('.')[2]}" for name in others},
        }

    def files(self) -> dict[str, Content]:
        """Return the content of each file of the packages, by its path in the new plugin."""
        renames = Renames(self.modules, (self.original.recipe, self.names.name))
        found: dict[str, Content] = {}
        for package in self.original.packages:
            folder = self._folder_of(package)
            for path, file in package.files():
                if not self._is_script(file):
                    found[f"{folder}/{path}"] = _renamed(file, renames)
        return found

    def placed_scripts(self) -> dict[str, Scripts]:
        """Return the scripts by their folder in the new plugin.

        Those in a package stay where they are in it. Those elsewhere may be looked for in several folders: the code
        of a recipe decides where. `src/MODULE/training` for `training`, for example.
        """
        return {place: scripts for scripts in self.scripts for place in self._places_of(scripts)}

    def _places_of(self, scripts: Scripts) -> Iterator[str]:
        for package in self.original.packages:
            if _is_inside(scripts.directory, package):
                inside = scripts.directory.relative_to(package.path.resolve())
                yield str(PurePosixPath(self._folder_of(package), inside))
                return
        for package in self.original.packages:
            for count in (1, 2):
                yield str(PurePosixPath(self._folder_of(package), *scripts.directory.parts[-count:]))

    def _folder_of(self, package: Package) -> str:
        return f"src/{self.modules[package.module].replace('.', '/')}"

    def _is_script(self, file: Path) -> bool:
        """Return whether a file of a package is in a folder of scripts, which has its own rule for what is copied."""
        return any(
            file.resolve().is_relative_to(scripts.directory)
            for scripts in self.scripts
            if not self._has_modules(scripts.directory)
        )

    def _has_modules(self, directory: Path) -> bool:
        """Return whether a folder is part of a package's code, so that all of its files are copied."""
        for package in self.original.packages:
            if _is_inside(directory, package):
                inside = directory.relative_to(package.path.resolve())
                folders = [package.path / folder for folder in (inside, *inside.parents)]
                return all((folder / "__init__.py").is_file() for folder in folders)
        return False


def files_of(placed: Mapping[str, Scripts]) -> dict[str, Content]:
    """Return the files of scripts, by their paths in the new plugin."""
    return {
        f"{place}/{path}": scripts.directory / path
        for place, scripts in placed.items()
        for path in scripts.files
    }


def _is_inside(directory: Path, package: Package) -> bool:
    return package.folder is not None and directory.is_relative_to(package.folder.resolve())


def _renamed(file: Path, renames: Renames) -> Content:
    if file.suffix != ".py":
        return file
    source = file.read_bytes()
    written = rewrite(source, renames)
    return file if written == source else written
