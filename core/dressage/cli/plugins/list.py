"""dressage plugins list"""

from dressage.cli.options import As, engine


def list_plugins(output: As = "table") -> None:
    """List the plugins: what loaded, what did not and why."""
    from dressage.cli.output import print_json, print_table

    statuses = engine().plugin_statuses()
    if output == "json":
        print_json(statuses)
    else:
        rows = [
            (item.name, item.kind, item.source, item.contract, item.error or item.note or "loaded")
            for item in statuses
        ]
        print_table(("PLUGIN", "KIND", "FROM", "CONTRACT", "STATUS"), rows)
