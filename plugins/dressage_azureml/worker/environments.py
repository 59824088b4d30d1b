"""Environments, registered under names that carry their content's key, and their images."""

import re

from failures import Problem, looks, patiently, told
from workspaces import opened


def find(tell, *, workspace, name):
    """Whether its image is built; None if it is not registered."""
    found = _found(workspace, name)
    return None if found is None else {"built": _is_built(found, workspace)}


def ensure(tell, *, workspace, name, conda, base_image, variables, timeout_s):
    """Register the environment and build its image, if that has not been done."""
    environment = _found(workspace, name)
    if environment is None:
        described = _described(name, conda, base_image, variables)
        environment = patiently(lambda: described.register(opened(workspace)))
    elif _is_built(environment, workspace):
        return
    _build(tell, environment, workspace, timeout_s)


def all_of(tell, *, workspace):
    """The names of those that were made here: they carry a key."""
    from azureml.core import Environment

    return [name for name in Environment.list(opened(workspace)) if re.search(r"-[0-9a-f]{12}$", name)]


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


def _is_built(environment, workspace):
    return bool(environment.get_image_details(opened(workspace)).image_exist)


def _build(tell, environment, workspace, timeout_s):
    """Build the image, telling each line of its log."""
    build = environment.build(opened(workspace))
    read = 0
    for _ in looks(timeout_s):
        status = patiently(lambda: build.status)
        log = _log(build)
        for line in log[read:].splitlines():
            if line.strip():
                tell(line.strip(), 0, None)
        read = len(log)
        if status == "Succeeded":
            return
        if status in ("Failed", "Canceled"):
            last = next((line for line in reversed(log.splitlines()) if line.strip()), status)
            raise Problem(
                "build", f"environment {environment.name!r}: its image could not be built: {last.strip()}"
            )
    raise Problem(
        "timeout",
        f"environment {environment.name!r}: its image is still {status} after {timeout_s:.0f} s; run it"
        " again to go on waiting",
    )


def _log(build):
    try:
        return build.get_log() or ""
    except Exception:  # there is none yet
        return ""
