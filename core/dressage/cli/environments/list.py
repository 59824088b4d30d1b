"""dressage environments list"""

from dressage.cli.options import On, Output, open_engine


def list_environments(on: On = None, output: Output = "table") -> None:
    """List the environments that are built."""
    from dressage.cli.output import print_json, print_table, shorten_digest, time_of

    versions = open_engine().platform(on).environments.list()
    if output == "json":
        print_json(versions)
    else:
        print_table(
            ("ENVIRONMENT", "KEY", "CREATED"),
            [(v.name, shorten_digest(v.key), time_of(v.created)) for v in versions],
        )
