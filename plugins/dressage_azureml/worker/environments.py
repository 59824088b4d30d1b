"""Environments, registered under names that carry their content's key, and their images."""

import re

from failures import patiently, told
from images import build, is_built
from workspaces import opened


def find(tell, *, workspace, name):
    """Whether its image is built; None if it is not registered."""
    found = _found(workspace, name)
    return None if found is None else {"built": is_built(found, workspace)}


def ensure(tell, *, workspace, name, conda, base_image, variables, timeout_s, log):
    """Register the environment and build its image, if that has not been done. log: where the build's is kept."""
    environment = _found(workspace, name)
    if environment is None:
        described = _described(name, conda, base_image, variables)
        environment = patiently(lambda: described.register(opened(workspace)))
    elif is_built(environment, workspace):
        return
    build(tell, environment, workspace, timeout_s, log)


def all_of(tell, *, workspace):
    """The names of those that were made here: they carry a key."""
    from azureml.core import Environment

    names = patiently(lambda: Environment.list(opened(workspace)))
    return [name for name in names if re.search(r"-[0-9a-f]{12}$", name)]


def _found(workspace, name):
    """The environment; None if none of that name is registered."""
    from azureml.core import Environment

    try:
        return patiently(lambda: Environment.get(opened(workspace), name))
    except Exception as error:
        if told(error)[0] != "missing":
            raise
        return None


def _described(name, conda, base_image, variables):
    import tempfile

    from azureml.core import Environment

    with tempfile.NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as file:
        file.write(conda)
        file.flush()
        environment = Environment.from_conda_specification(name, file.name)
    environment.docker.base_image = base_image
    environment.environment_variables = dict(variables)
    return environment
