"""dressage runs files"""

from dressage.cli.options import OnElsewhere, Output, RunId, open_engine


def files(run: RunId, on: OnElsewhere = None, output: Output = "table") -> None:
    """List the files of a run: outputs, logs, logged artifacts, and what the script left elsewhere, in work/."""
    from dressage.cli.output import print_json, print_table, size_of

    found = open_engine().get(run, on=on).files
    if output == "json":
        print_json(found)
    else:
        print_table(("FILE", "SIZE"), [(file.path, size_of(file.size)) for file in found])
