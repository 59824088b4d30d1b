"""dressage datasets download"""

from pathlib import Path

from dressage.cli.datasets.show import Reference
from dressage.cli.options import On, Overwrite, To, open_engine


def download(dataset: Reference, to: To = None, overwrite: Overwrite = False, on: On = None) -> None:
    """Download the files of a dataset version and verify their checksums."""
    from dressage.cli.display import say
    from dressage.cli.references import find_dataset
    from dressage.files.permissions import as_user

    engine = open_engine()
    version = find_dataset(engine.platform(on).datasets, dataset)
    to = to or Path(f"{version.name}-{version.version}")
    with as_user():
        paths = engine.download_dataset(version, to, on=on, overwrite=overwrite)
    say(f"downloaded {len(paths)} file(s) to {str(to)!r}")
