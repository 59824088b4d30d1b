"""dressage models list"""

from dressage.cli.options import As, On, engine


def list_models(on: On = None, output: As = "table") -> None:
    """List the models' versions."""
    from dressage.cli.output import print_json, print_table, size_of, time_of

    versions = engine().platform(on).models.list()
    if output == "json":
        return print_json(versions)
    rows = [
        (
            f"{v.name}:{v.version}",
            v.framework,
            size_of(v.size),
            v.digest[:12],
            time_of(v.created),
            v.lineage.run_id if v.lineage else None,
        )
        for v in versions
    ]
    return print_table(("MODEL", "FRAMEWORK", "SIZE", "DIGEST", "CREATED", "RUN"), rows)
