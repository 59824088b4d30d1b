"""Environments, registered with versions that are digests of their content, and their images."""

from failures import classify, retry
from images import build, is_built
from workspaces import open_workspace

_CURATED = ("azureml", "microsoft")
"""Beginnings of the names of Azure ML's own environments, in lower case."""


def find(progress, *, workspace, name, version):
    """Return whether the environment's image is built, or None if the environment is not registered."""
    found = _find(workspace, name, version)
    return None if found is None else {"built": is_built(found, workspace)}


def ensure(progress, *, workspace, name, version, conda, base_image, variables, timeout_s, log):
    """Register the environment and build its image, unless that is done. log: path of the build log."""
    environment = _find(workspace, name, version)
    if environment is None:
        definition = _define(name, version, conda, base_image, variables)
        environment = retry(lambda: definition.register(open_workspace(workspace)))
    elif is_built(environment, workspace):
        return
    build(progress, environment, workspace, timeout_s, log)


def list_all(progress, *, workspace):
    """Return name and version of the newest version of each environment, without Azure ML's own ones."""
    from azureml.core import Environment

    found = retry(lambda: Environment.list(open_workspace(workspace)))
    return [
        [name, one.version]
        for name, one in found.items()
        if not name.lower().startswith(("azureml", "microsoft"))
    ]


def _find(workspace, name, version):
    """Return the environment, or None if it is not registered."""
    from azureml.core import Environment

    try:
        return retry(lambda: Environment.get(open_workspace(workspace), name, version=version))
    except Exception as error:
        if classify(error)[0] != "missing":
            raise
        return None


def _define(name, version, conda, base_image, variables):
    """Return the SDK's object for an environment that is not registered yet."""
    import tempfile

    from azureml.core import Environment

    with tempfile.NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as file:
        file.write(conda)
        file.flush()
        environment = Environment.from_conda_specification(name, file.name)
    environment.version = version
    environment.docker.base_image = base_image
    environment.environment_variables = dict(variables)
    return environment
