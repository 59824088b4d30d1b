"""dressage environments list"""

from dressage.cli.options import As, On, engine


def list_environments(on: On = None, output: As = "table") -> None:
    """List the environments that are built."""
    from dressage.cli.output import digest_shown, print_json, print_table, time_of

    versions = engine().platform(on).environments.list()
    if output == "json":
        print_json(versions)
    else:
        print_table(
            ("ENVIRONMENT", "KEY", "CREATED"),
            [(v.name, digest_shown(v.key), time_of(v.created)) for v in versions],
        )
