"""What a platform does not have: the workspace's own store, put in its place."""

from collections.abc import Callable, Mapping
from typing import Any

from dressage.hooks.calls import PluginId
from dressage.hooks.proxy import PlatformProxy
from dressage.records.workspace import Workspace
from dressage.specs.configuration import Configuration


def with_defaults(
    plugin: PluginId, platform: Any, workspace: Workspace, configuration: Configuration
) -> PlatformProxy:
    """The platform with all its capabilities. Nothing is made before it is asked for."""
    return PlatformProxy(plugin, platform, _defaults(workspace, configuration))


def _defaults(
    workspace: Workspace, configuration: Configuration
) -> Mapping[str, Callable[[PlatformProxy], Any]]:
    def datasets(_: PlatformProxy) -> Any:
        from dressage.storage.datasets import StoredDatasets
        from dressage.storage.objects import ObjectStore

        return StoredDatasets(workspace.root, ObjectStore(workspace.root / "objects"))

    def compute(_: PlatformProxy) -> Any:
        from dressage.storage.compute import StoredCompute

        return StoredCompute(workspace.root / "compute")

    def environments(_: PlatformProxy) -> Any:
        from dressage.environments.uv_environments import UvEnvironments

        return UvEnvironments(
            workspace.root / "environments",
            indexes=configuration.indexes(),
            find_links=configuration.find_links(),
        )

    def models(platform: PlatformProxy) -> Any:
        from dressage.storage.models import StoredModels

        return StoredModels(workspace, platform.runs)

    return {"datasets": datasets, "compute": compute, "environments": environments, "models": models}
