"""dressage models download"""

from pathlib import Path

from dressage.cli.models.show import Reference
from dressage.cli.options import On, To, open_engine


def download(model: Reference, to: To = None, on: On = None) -> None:
    """Download the files of a model version and verify their checksums."""
    from dressage.cli.display import say
    from dressage.cli.references import find_version
    from dressage.files.permissions import as_user

    models = open_engine().platform(on).models
    version = find_version("model", models.list(), model)
    to = to or Path(f"{version.name}-{version.version}")
    with as_user():
        models.download(version, to)
    say(f"downloaded {len(version.files)} file(s) to {str(to)!r}")
