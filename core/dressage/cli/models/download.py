"""dressage models download"""

from pathlib import Path

from dressage.cli.models.show import Reference
from dressage.cli.options import On, Overwrite, To, open_engine


def download(model: Reference, to: To = None, overwrite: Overwrite = False, on: On = None) -> None:
    """Download the files of a model version and verify their checksums."""
    from dressage.cli.display import say
    from dressage.cli.references import find_version
    from dressage.files.permissions import as_user

    engine = open_engine()
    version = find_version("model", engine.platform(on).models.list(), model)
    to = to or Path(f"{version.name}-{version.version}")
    with as_user():
        paths = engine.download_model(version, to, on=on, overwrite=overwrite)
    say(f"downloaded {len(paths)} file(s) to {str(to)!r}")
