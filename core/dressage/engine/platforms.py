"""Create a platform from its plugin; the workspace's own store replaces the capabilities that it does not have."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dressage.hooks.calls import call_plugin
from dressage.hooks.plugins import Plugins
from dressage.hooks.proxy import PlatformProxy
from dressage.records.workspace import Workspace
from dressage.specs.configuration import Configuration


def load_platform(
    plugins: Plugins,
    name: str,
    *,
    workspace: Workspace,
    directory: Path,
    options: Any,
    configuration: Configuration,
) -> PlatformProxy:
    """Load the platform plugin and call its `platform` hook. The default capabilities are created on first use.

    Raises NotFoundError or SettingsError if it is not clear which plugin is meant, PluginError if the plugin breaks.
    """
    manager, plugin = plugins.manager("platform", name), plugins.identify("platform", name)
    arguments = {"workspace": workspace, "directory": directory, "options": options}
    platform = call_plugin(plugin, "platform", lambda: manager.hook.platform(**arguments))
    if platform is None:
        raise plugin.error("platform", "returned None; return a platform")
    return PlatformProxy(plugin, platform, _defaults(workspace, configuration))


def _defaults(
    workspace: Workspace, configuration: Configuration
) -> Mapping[str, Callable[[PlatformProxy], Any]]:
    """Return a function for each capability that creates the default one."""

    def datasets(_: PlatformProxy) -> Any:
        from dressage.storage.datasets import StoredDatasets
        from dressage.storage.objects import ObjectStore

        objects = ObjectStore(workspace.root / "objects")
        return StoredDatasets(workspace.root, objects, configuration.downloads())

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
