"""dressage datasets register"""

from contextlib import closing
from itertools import chain
from typing import Annotated

import typer

from dressage.cli.options import On, open_engine
from dressage.cli.streams import results


def register(
    name: Annotated[str, typer.Argument(help="Dataset name.")],
    sources: Annotated[list[str], typer.Argument(help="Files, folders or URLs (http, https).")],
    description: Annotated[str, typer.Option(metavar="TEXT", help="Description of the dataset.")] = "",
    on: On = None,
) -> None:
    """Register files as a dataset version.

    If a version with the same content exists, it is used and no new version is created.
    """
    from dressage.cli.display import TextDisplay, say
    from dressage.results.events import StageStarted, progress_of
    from dressage.specs.datasets import FileDataset
    from dressage.storage.sources import sources_of

    engine = open_engine()
    engine.workspace.create()
    found = [sources_of(given) for given in sources]
    for line in chain.from_iterable(one.left_out for one in found):
        say(line)
    sources_found = tuple(chain.from_iterable(one.sources for one in found))
    dataset = FileDataset(name=name, sources=sources_found, description=description)
    with closing(TextDisplay()) as display:
        display(StageStarted("dataset", name))
        version = engine.platform(on).datasets.ensure(dataset, progress_of("dataset", display))
    results().write(f"{version.name}:{version.version}\n")
