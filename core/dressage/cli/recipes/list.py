"""dressage recipes list"""

from dressage.cli.options import As, engine
from dressage.cli.streams import results


def list_recipes(output: As = "table") -> None:
    """List the recipes, one per line."""
    from dressage.cli.output import print_json

    names = engine().plugins.names("recipe")
    if output == "json":
        print_json(names)
    else:
        results().write("".join(f"{name}\n" for name in names))
