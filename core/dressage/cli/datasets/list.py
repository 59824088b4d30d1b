"""dressage datasets list"""

from dressage.cli.options import On, Output, open_engine


def list_datasets(on: On = None, output: Output = "table") -> None:
    """List dataset versions."""
    from dressage.cli.output import print_json, print_table, size_of, time_of

    versions = open_engine().platform(on).datasets.list()
    if output == "json":
        return print_json(versions)
    rows = [
        (
            f"{v.name}:{v.version}",
            v.file_count,
            size_of(v.size),
            time_of(v.created),
            v.description,
        )
        for v in versions
    ]
    return print_table(("DATASET", "FILES", "SIZE", "CREATED", "DESCRIPTION"), rows)
