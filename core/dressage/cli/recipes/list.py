"""dressage recipes list"""

from dressage.cli.options import Output, open_engine
from dressage.cli.streams import results


def list_recipes(output: Output = "table") -> None:
    """List recipes, one per line."""
    from dressage.cli.output import print_json

    names = open_engine().plugins.names("recipe")
    if output == "json":
        print_json(names)
    else:
        results().write("".join(f"{name}\n" for name in names))
