"""The sources of the images: four files in the format of MNIST (http://yann.lecun.com/exdb/mnist/)."""

from pathlib import Path

from dressage import FileDataset, SettingsError, Source
from dressage.specs.addresses import ADDRESS_ADVICE, is_address
from dressage.specs.credentials import hide_in_unreadable

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
MNIST = {  # SHA-256 and size in bytes
    "train-images-idx3-ubyte.gz": (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        9912422,
    ),
    "train-labels-idx1-ubyte.gz": ("3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c", 28881),
    "t10k-images-idx3-ubyte.gz": (
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        1648877,
    ),
    "t10k-labels-idx1-ubyte.gz": ("f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6", 4542),
}
_DIGITS = Path(__file__).parent / "digits"
_DESCRIPTION = "training and test dataset"


def describe_dataset(data: str) -> FileDataset:
    """Return the dataset for the setting `data`. Raises SettingsError for a folder without the four files."""
    if data == "mnist":
        return FileDataset(name="mnist-dataset", sources=_mnist(), description=_DESCRIPTION)
    if data == "digits":
        return FileDataset(name="digits-dataset", sources=_sources_in(_DIGITS), description=_DESCRIPTION)
    if "://" in data:
        return FileDataset(name="own-digits-dataset", sources=_sources_at(data), description=f"from {data}")
    return FileDataset(
        name="own-digits-dataset",
        sources=_sources_in(Path(data).expanduser().absolute()),
        description=f"from {data}",
    )


def _mnist() -> tuple[Source, ...]:
    return tuple(
        Source(path=name, addresses=tuple(mirror + name for mirror in MIRRORS), sha256=sha256, size=size)
        for name, (sha256, size) in MNIST.items()
    )


def _sources_at(address: str) -> tuple[Source, ...]:
    """Return sources of MNIST's file names at an address, without checksums: the content may differ from MNIST."""
    if not is_address(address):
        raise SettingsError(
            f"setting data: {hide_in_unreadable(address)!r} is not a complete web address; {ADDRESS_ADVICE}"
        )
    return tuple(Source(path=name, addresses=(f"{address.rstrip('/')}/{name}",)) for name in MNIST)


def _sources_in(folder: Path) -> tuple[Source, ...]:
    if not folder.is_dir():
        raise SettingsError(
            f"setting data: {str(folder)!r} is not a folder; give mnist, digits, a folder or an http(s) address"
        )
    return tuple(_find_file(folder, name) for name in MNIST)


def _find_file(folder: Path, name: str) -> Source:
    """Find a file, compressed or not. Raises SettingsError if it does not exist."""
    for candidate in (folder / name, folder / name.removesuffix(".gz")):
        if candidate.is_file():
            return Source(path=candidate.name, addresses=(str(candidate),))
    raise SettingsError(
        f"folder {str(folder)!r} does not contain {name}, with or without .gz; add {', '.join(MNIST)}"
    )
