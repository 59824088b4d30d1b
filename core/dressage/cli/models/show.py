"""dressage models show"""

from typing import Annotated

import typer

from dressage.cli.options import On, Output, complete_model, open_engine
from dressage.cli.streams import results

Reference = Annotated[
    str,
    typer.Argument(
        help="Model as NAME:VERSION, NAME@ALIAS, or NAME for the newest version.",
        autocompletion=complete_model,
    ),
]


def show(model: Reference, on: On = None, output: Output = "table") -> None:
    """Show one model version and where it came from."""
    from dressage.cli.output import (
        number_of,
        print_fields,
        print_json,
        print_table,
        shorten_digest,
        size_of,
        time_of,
    )
    from dressage.cli.references import find_version

    version = find_version("model", open_engine().platform(on).models.list(), model)
    if output == "json":
        return print_json(version)
    lineage = version.lineage
    print_fields(
        (
            ("model", f"{version.name}:{version.version}"),
            ("aliases", ", ".join(version.aliases) or None),
            ("stage", version.stage),
            ("description", version.description),
            ("model description", version.model_description),
            ("framework", version.framework),
            ("digest", version.digest if version.files else None),
            ("created", time_of(version.created)),
            ("source", version.source),
            ("run", lineage and lineage.run_id),
            ("dataset", lineage and lineage.dataset),
            ("environment", lineage and lineage.environment),
            ("snapshot", lineage and lineage.snapshot),
            ("arguments", " ".join(lineage.arguments) or None if lineage else None),
            *((name.lower(), number_of(value)) for name, value in version.metrics.items()),
            *version.tags.items(),
            *version.model_tags.items(),
        )
    )
    if not version.files:
        results().write("\nno files: this version refers to its source only\n")
        return None
    results().write("\n")
    return print_table(
        ("FILE", "SIZE", "SHA-256"),
        [(file.path, size_of(file.size), shorten_digest(file.sha256)) for file in version.files],
    )
