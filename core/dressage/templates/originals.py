"""The recipe that is copied: its package, and the packages of the same distribution that it imports."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from dressage.errors import SettingsError
from dressage.files.trees import files_below
from dressage.templates.rewriting import list_imports

_OURS = __name__.partition(".")[0]
_COMPILED = (".so", ".pyd", ".dylib")
_CACHES = frozenset({"__pycache__"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package that is copied. module: its dotted name. path: its folder, or the file of a module without one."""

    module: str
    path: Path

    @property
    def folder(self) -> Path | None:
        return self.path if self.path.is_dir() else None

    def files(self) -> Iterator[tuple[str, Path]]:
        """Yield each file with its path in the package."""
        if not self.folder:
            yield "__init__.py", self.path
            return
        for path in sorted(files_below(self.folder, _CACHES)):
            if not path.endswith(".pyc"):
                yield path, self.folder / path


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A recipe that is copied.

    packages: that of the recipe first, then the ones that it imports. entry: its module, and ":" with the attribute
    if the entry point has one. source: its distribution with the version. requirements: of the distribution.
    licenses: their files.
    """

    recipe: str
    entry: str
    source: str
    packages: tuple[Package, ...]
    requirements: tuple[str, ...]
    licenses: tuple[Path, ...]


def find_original(recipe: str, entry: str, distribution_name: str) -> Original:
    """Find what belongs to an installed recipe. Raises SettingsError if it cannot be copied."""
    try:
        installed = distribution(distribution_name)
    except PackageNotFoundError as error:
        raise _refusal(recipe, f"has no metadata of its distribution {distribution_name!r}") from error
    package = _find_package(recipe, entry.partition(":")[0])
    packages = tuple(_with_libraries(package, installed))
    for one in packages:
        for path, _ in one.files():
            if path.endswith(_COMPILED):
                raise _refusal(recipe, f"has the compiled module {path!r} in {one.module!r}")
    return Original(
        recipe=recipe,
        entry=entry,
        source=f"{installed.name} {installed.version}",
        packages=packages,
        requirements=tuple(_requirements(installed)),
        licenses=tuple(_licenses(installed)),
    )


def _find_package(recipe: str, module: str) -> Package:
    """Return the outermost package of a module; parts that several distributions share are no package."""
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        name = ".".join(parts[:count])
        spec = find_spec(name)
        if spec and spec.origin and spec.has_location:
            path = Path(spec.origin)
            if path.suffix != ".py" or not path.is_file():
                raise _refusal(recipe, f"has no source code: its module {name!r} is {spec.origin!r}")
            folder = spec.submodule_search_locations
            return Package(module=name, path=path.parent if folder else path)
    raise _refusal(recipe, f"has no file of its module {module!r}")


def _with_libraries(package: Package, installed: Distribution) -> Iterator[Package]:
    """Yield the package, and each package beside it that it needs and that belongs to the same distribution."""
    place, prefix = package.path.parent, package.module.rpartition(".")[0]
    known, pending = {package.module, _OURS}, [package]
    while pending:
        one = pending.pop(0)
        yield one
        for imported in sorted(_imports(one)):
            name = _first_part(imported, prefix)
            found = place / (name or "").rpartition(".")[2]
            if name and name not in known and _belongs(installed, place, name):
                known.add(name)
                path = found if (found / "__init__.py").is_file() else found.with_suffix(".py")
                if path.exists():
                    pending.append(Package(module=name, path=path))


def _imports(package: Package) -> set[str]:
    return {
        name
        for path, file in package.files()
        if path.endswith(".py")
        for name in list_imports(file.read_bytes())
    }


def _first_part(imported: str, prefix: str) -> str | None:
    """Return the outermost package that an import names. prefix: the namespace that it must be in, or ""."""
    if not prefix:
        return imported.partition(".")[0]
    inside = imported.removeprefix(f"{prefix}.")
    return f"{prefix}.{inside.partition('.')[0]}" if inside != imported else None


def _belongs(installed: Distribution, place: Path, name: str) -> bool:
    """Return whether a package is of the distribution: listed in its record, or in its source folder."""
    folder = name.replace(".", "/")
    listed = [str(file) for file in installed.files or ()]
    if any(file == f"{folder}.py" or file.startswith(f"{folder}/__init__.") for file in listed):
        return True
    return not place.resolve().is_relative_to(Path(str(installed.locate_file(""))).resolve())


def _requirements(installed: Distribution) -> Iterator[str]:
    """Yield what the distribution requires, without extras and dressage; nothing if it is dressage itself."""
    if installed.name == _OURS:
        return
    for requirement in installed.requires or ():
        is_ours = requirement.replace("[", " ").replace(">", " ").split()[0].rstrip("=<~!;") == _OURS
        if not is_ours and "extra ==" not in requirement:
            yield requirement


def _licenses(installed: Distribution) -> Iterator[Path]:
    for file in installed.files or ():
        if file.parent.name == "licenses" and file.parent.parent.suffix == ".dist-info":
            path = Path(str(file.locate()))
            if path.is_file():
                yield path


def _refusal(recipe: str, reason: str) -> SettingsError:
    return SettingsError(f"recipe {recipe!r} cannot be copied: it {reason}; start with --recipe instead")
