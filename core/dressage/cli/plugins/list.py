"""dressage plugins list"""

from dressage.cli.options import Output, open_engine


def list_plugins(output: Output = "table") -> None:
    """List plugins, and why a plugin could not be loaded."""
    from dressage.cli.output import print_json, print_table

    statuses = open_engine().plugin_statuses()
    if output == "json":
        print_json(statuses)
    else:
        rows = [
            (item.name, item.kind, item.source, item.contract, item.error or item.note or "loaded")
            for item in statuses
        ]
        print_table(("PLUGIN", "KIND", "FROM", "CONTRACT", "STATUS"), rows)
