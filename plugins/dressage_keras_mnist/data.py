"""Where the images come from: the four files of MNIST, as http://yann.lecun.com/exdb/mnist/ described them."""

from pathlib import Path

from dressage import FileDataset, SettingsError, Source

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
MNIST = {  # SHA-256 and bytes
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


def described(data: str) -> FileDataset:
    """The dataset that the setting `data` names. Raises SettingsError for a folder without the four files."""
    if data == "mnist":
        return FileDataset(name="mnist-dataset", sources=_mnist(), description=_DESCRIPTION)
    if data == "digits":
        return FileDataset(name="digits-dataset", sources=_lying_in(_DIGITS), description=_DESCRIPTION)
    if data.startswith(("http://", "https://")):
        return FileDataset(name="own-digits-dataset", sources=_below(data), description=f"from {data}")
    return FileDataset(
        name="own-digits-dataset",
        sources=_lying_in(Path(data).expanduser().absolute()),
        description=f"from {data}",
    )


def _mnist() -> tuple[Source, ...]:
    return tuple(
        Source(path=name, addresses=tuple(mirror + name for mirror in MIRRORS), sha256=sha256, size=size)
        for name, (sha256, size) in MNIST.items()
    )


def _below(address: str) -> tuple[Source, ...]:
    """Files of the usual names below an address; those that are MNIST's own bytes need not be, so none is pinned."""
    return tuple(Source(path=name, addresses=(f"{address.rstrip('/')}/{name}",)) for name in MNIST)


def _lying_in(folder: Path) -> tuple[Source, ...]:
    if not folder.is_dir():
        raise SettingsError(
            f"setting data is {str(folder)!r}, which is no folder; give mnist, digits, a folder or an http(s) address"
        )
    return tuple(_file(folder, name) for name in MNIST)


def _file(folder: Path, name: str) -> Source:
    """Gzipped or plain."""
    for candidate in (folder / name, folder / name.removesuffix(".gz")):
        if candidate.is_file():
            return Source(path=candidate.name, addresses=(str(candidate),))
    raise SettingsError(
        f"folder {str(folder)!r} has no {name}, also not unpacked; it needs {', '.join(MNIST)}"
    )
