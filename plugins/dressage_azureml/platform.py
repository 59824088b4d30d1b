"""The azureml platform: its stages and commands. It contacts Azure ML only when a method is called."""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from dressage.errors import DressageError, SettingsError
from dressage.records.workspace import Workspace
from dressage.specs.configuration import load
from dressage_azureml.azure import Azure
from dressage_azureml.compute import AzureCompute
from dressage_azureml.datasets import AzureDatasets
from dressage_azureml.environments import AzureEnvironments
from dressage_azureml.models import AzureModels
from dressage_azureml.options import Options, check_names, find_config, read_config
from dressage_azureml.runs import AzureRuns


class AzurePlatform:
    """directory: the first folder to search for config.json; its parent folders come next."""

    def __init__(self, workspace: Workspace, directory: Path, options: Options) -> None:
        self._workspace = workspace
        self._directory = directory
        self._azure = Azure(workspace, directory, options)

    @cached_property
    def datasets(self) -> AzureDatasets:
        return AzureDatasets(self._azure, self._workspace)

    @cached_property
    def compute(self) -> AzureCompute:
        return AzureCompute(self._azure, self._directory)

    @cached_property
    def environments(self) -> AzureEnvironments:
        return AzureEnvironments(
            self._azure, self._workspace.root / "images", lambda: load(self._directory, os.environ).indexes()
        )

    @cached_property
    def runs(self) -> AzureRuns:
        return AzureRuns(self._azure, self._workspace)

    @cached_property
    def models(self) -> AzureModels:
        return AzureModels(self._azure)

    def initialise(self, values: Mapping[str, str]) -> Path:
        """Contact the named workspace, then write its config.json. Raises StageError if it cannot be reached."""
        check_names(values)
        path = self._directory / "config.json"
        if path.exists() and read_config(path) != values:
            raise SettingsError(f"{str(path)!r} names another workspace; remove it first")
        reference = {**values, "auth": self._azure.options.auth}
        self._azure.call("workspace", "workspace.write", workspace=reference, path=str(path))
        return path

    def diagnose(self) -> Sequence[tuple[str, bool, str]]:
        """Check that the workspace answers and has quota for the default GPU size. Empty if none is configured."""
        options = self._azure.options
        if not (options.config or options.subscription_id or find_config(self._directory)):
            return []
        try:
            names = self._azure.reference
            found = self._azure.call("workspace", "workspace.check")
        except DressageError as error:
            return [("azureml workspace", False, str(error))]
        where = f"{found['name']} in {found['location']}, subscription {names['subscription_id']}"
        return [("azureml workspace", True, where), self.compute.diagnose_quota()]
