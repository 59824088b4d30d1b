"""dressage compute list"""

from dressage.cli.options import As, On, engine


def list_compute(on: On = None, output: As = "table") -> None:
    """List the compute targets."""
    from dressage.cli.output import print_json, print_table

    targets = engine().platform(on).compute.list()
    if output == "json":
        print_json(targets)
    else:
        rows = [
            (target.name, target.size or "this machine", target.accelerator, target.slots)
            for target in targets
        ]
        print_table(("COMPUTE", "SIZE", "ACCELERATOR", "SLOTS"), rows)
