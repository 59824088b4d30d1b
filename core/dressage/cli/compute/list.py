"""dressage compute list"""

from dressage.cli.options import On, Output, open_engine


def list_compute(on: On = None, output: Output = "table") -> None:
    """List compute targets."""
    from dressage.cli.output import print_json, print_table

    targets = open_engine().platform(on).compute.list()
    if output == "json":
        print_json(targets)
    else:
        rows = [
            (target.name, target.size or "this machine", target.accelerator, target.slots)
            for target in targets
        ]
        print_table(("COMPUTE", "SIZE", "ACCELERATOR", "SLOTS"), rows)
