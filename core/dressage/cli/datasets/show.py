"""dressage datasets show"""

from typing import Annotated

import typer

from dressage.cli.options import On, Output, complete_dataset, open_engine
from dressage.cli.streams import results

Reference = Annotated[
    str,
    typer.Argument(
        help="Dataset as NAME:VERSION, or NAME for the newest version.", autocompletion=complete_dataset
    ),
]


def show(dataset: Reference, on: On = None, output: Output = "table") -> None:
    """Show one dataset version and its files."""
    from msgspec.structs import replace

    from dressage.cli.output import print_fields, print_json, print_table, shorten_digest, size_of, time_of
    from dressage.cli.references import find_dataset

    datasets = open_engine().platform(on).datasets
    version = find_dataset(datasets, dataset)
    version = replace(version, files=tuple(datasets.files(version)))
    if output == "json":
        return print_json(version)
    print_fields(
        (
            ("dataset", f"{version.name}:{version.version}"),
            ("description", version.description or None),
            ("digest", version.digest),
            ("created", time_of(version.created)),
            ("size", size_of(version.size) if version.size else None),
            *version.tags.items(),
        )
    )
    results().write("\n")
    return print_table(
        ("FILE", "SIZE", "SHA-256"),
        [(file.path, size_of(file.size), shorten_digest(file.sha256)) for file in version.files],
    )
