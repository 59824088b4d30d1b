"""dressage models download"""

from pathlib import Path

from dressage.cli.models.show import Reference
from dressage.cli.options import On, To, open_engine


def download(model: Reference, to: To = None, on: On = None) -> None:
    """Copy a model's files to a folder, verified."""
    from dressage.cli.display import say
    from dressage.cli.references import find_version

    models = open_engine().platform(on).models
    version = find_version("model", models.list(), model)
    to = to or Path(f"{version.name}-{version.version}")
    models.download(version, to)
    say(f"{len(version.files)} file(s) in {str(to)!r}")
