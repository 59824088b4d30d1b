"""dressage datasets download"""

from pathlib import Path

from dressage.cli.datasets.show import Reference
from dressage.cli.options import On, To, open_engine


def download(dataset: Reference, to: To = None, on: On = None) -> None:
    """Download the files of a dataset version and verify their checksums."""
    from dressage.cli.display import say
    from dressage.cli.references import find_dataset
    from dressage.files.permissions import as_user

    datasets = open_engine().platform(on).datasets
    version = find_dataset(datasets, dataset)
    to = to or Path(f"{version.name}-{version.version}")
    with as_user():
        datasets.download(version, to)
    say(f"downloaded {len(version.files)} file(s) to {str(to)!r}")
