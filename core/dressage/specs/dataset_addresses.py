"""The secrets in addresses of datasets, while a process needs them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from dressage.specs.credentials import hide_credentials, hide_in_values
from dressage.specs.datasets import FileDataset


class Addresses:
    """The addresses of datasets that have a secret, by what records have instead. They are kept in memory only."""

    def __init__(self) -> None:
        self._whole: dict[str, str] = {}

    def hide(self, datasets: Any) -> Any:
        """Return a dataset, or datasets by name, with hidden secrets; remember them."""
        if isinstance(datasets, FileDataset):
            return _hide_texts(self._replace(datasets, self._hide_one))
        if isinstance(datasets, Mapping):
            return {name: self.hide(dataset) for name, dataset in datasets.items()}
        return datasets

    def restore(self, dataset: FileDataset) -> FileDataset:
        """Return the dataset with the secrets that are known."""
        if not self._whole:
            return dataset
        return self._replace(dataset, lambda address: self._whole.get(address, address))

    def _hide_one(self, address: str) -> str:
        hidden = hide_credentials(address)
        if hidden != address:
            self._whole[hidden] = address
        return hidden

    def _replace(self, dataset: FileDataset, change: Callable[[str], str]) -> FileDataset:
        if not any("://" in address for source in dataset.sources for address in source.addresses):
            return dataset
        sources = (
            replace(source, addresses=tuple(map(change, source.addresses))) for source in dataset.sources
        )
        return replace(dataset, sources=tuple(sources))


def _hide_texts(dataset: FileDataset) -> FileDataset:
    """Return the dataset with hidden secrets in its description and tags."""
    described = {"description": dataset.description, "tags": dict(dataset.tags)}
    return replace(dataset, **hide_in_values(described))
