"""What the reference documents, page by page. A package's public names are taken from the package itself."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module

import dressage
from reference.objects import Documented, source_of


@dataclass(frozen=True, slots=True)
class Page:
    """A page of Python objects. modules: each with the names to document; () for all that it defines."""

    name: str
    title: str
    text: str
    modules: tuple[tuple[str, tuple[str, ...]], ...]


_DESCRIPTIONS = tuple(name for name in dressage._HOMES if name != "Engine")

PAGES = (
    Page(
        "protocols",
        "Platform protocols",
        "",
        (
            ("dressage.platforms.protocols", ()),
            ("dressage.platforms.remote", ()),
            ("dressage.platforms.remote_calls", ("RemoteProgram",)),
            ("dressage.platforms.remote_answers", ("answer_request",)),
            ("dressage.supervision.guests", ("GuestRuns",)),
        ),
    ),
    Page(
        "descriptions",
        "Recipe descriptions",
        "What the hooks of a recipe return, and what a plugin imports to write them. All of it is in the package"
        " `dressage`: `from dressage import hookimpl, ComputeTarget`.",
        (
            ("dressage", _DESCRIPTIONS),
            ("dressage.specs.datasets", ("Dataset",)),
            ("dressage.specs.environments", ("SourceFolder",)),
            ("dressage.specs.compute", ("Accelerator",)),
        ),
    ),
    Page(
        "engine",
        "Engine and runs",
        "To train from a program, make an `Engine`; its methods return a `Plan` or a `Run`.",
        (
            ("dressage", ("Engine",)),
            ("dressage.engine.runs", ("Run",)),
            ("dressage.hooks.proxy", ("PlatformProxy",)),
            ("dressage.results.plans", ("Plan", "StagePlan", "LeftOut", "Stage", "Action")),
            ("dressage.results.statuses", ("RunStatus", "RunSummary", "ResumedRun", "State")),
            ("dressage.hooks.statuses", ("PluginStatus",)),
            ("dressage.results.damage", ("Damage",)),
            ("dressage.templates.creation", ("Created",)),
            ("dressage.records.judgements", ("Judgement", "Question", "Changes")),
            ("dressage.specs.settings", ("Setting", "Owner")),
            ("dressage.specs.plugin_settings", ("PluginSettings", "PluginFile", "Choice")),
            ("dressage.specs.configuration", ("Configuration", "Value")),
            ("dressage.specs.downloads", ("DownloadLimits",)),
        ),
    ),
    Page(
        "events",
        "Events",
        "What happens while an engine works: `Engine.run(..., listener=...)` calls the listener with each event,"
        " and `-o jsonl` prints each as a line of JSON.",
        (("dressage.results.events", ()),),
    ),
    Page("notices", "Notices for observers", "", (("dressage.results.notices", ()),)),
    Page("errors", "Errors", "", (("dressage.errors", ()),)),
    Page(
        "platform-values",
        "Requests and results",
        "What the methods of a platform are given, and what they return.",
        (
            ("dressage.records.requests", ("RunRequest", "Training", "Submission")),
            ("dressage.records.adoption", ("FoundRun",)),
            ("dressage.results.versions", ()),
        ),
    ),
    Page(
        "recorded",
        "Recorded data",
        "",
        (
            ("dressage.results.tracking", ()),
            ("dressage.results.metrics", ()),
            ("dressage.results.entries.base", ("Entry", "Attempt")),
        ),
    ),
    Page(
        "helpers",
        "Help for plugins",
        "What a plugin may use of dressage beside the protocols.",
        (
            ("dressage.workers", ("Worker", "WorkerError")),
            ("dressage.records.workspace", ("Workspace",)),
            ("dressage.records.run_folder", ("RunFolder",)),
            ("dressage.records.record", ("Record",)),
            ("dressage.records.texts", ("Texts",)),
            ("dressage.records.journal", ("Journal",)),
            ("dressage.supervision.launch", ("Command", "command_of")),
            ("dressage.files.trees", ("files_below",)),
            ("dressage.testing.memory", ("MemoryPlatform",)),
        ),
    ),
)

NOT_CALLED = ("Run", "PlatformProxy")
"""Classes whose objects the engine makes."""


def objects_of(module: str, names: Iterable[str] = ()) -> tuple[Documented, ...]:
    """The objects that a page documents of a module."""
    home = import_module(module)
    return tuple(
        Documented(
            module=_home_of(name, module),
            source=dressage._HOMES.get(name, module) if module == "dressage" else module,
            name=name,
            value=getattr(home, name),
        )
        for name in names or _public(module)
    )


def places() -> dict[str, str]:
    """The full name of each documented object by its short name."""
    return {
        found.name: found.full_name
        for page in PAGES
        for module, names in page.modules
        for found in objects_of(module, names)
    }


def _home_of(name: str, module: str) -> str:
    """Errors that `dressage` exports are documented as its own."""
    return "dressage" if module == "dressage.errors" and hasattr(dressage, name) else module


def _public(module: str) -> list[str]:
    """The public classes, functions and type aliases that a module defines, in order."""
    return [name for name in map(_defined_name, ast.parse(source_of(module)).body) if name[:1].isalpha()]


def _defined_name(statement: ast.stmt) -> str:
    match statement:
        case ast.ClassDef() | ast.FunctionDef():
            return statement.name
        case ast.Assign(targets=[ast.Name(id=name)]) if name[:1].isupper() and not name.isupper():
            return name
    return ""
