"""Find, create, list and delete AmlCompute clusters."""

from failures import Problem, classify, poll
from workspaces import open_workspace


def get(progress, *, workspace, name):
    """Return the cluster, or None if it does not exist. Raises Problem for another kind of compute target."""
    found = _find(workspace, name)
    return None if found is None else _describe(found)


def ensure(
    progress, *, workspace, name, size, min_nodes, max_nodes, idle_seconds, low_priority, tags, timeout_s
):
    """Create the cluster if it does not exist, wait until it accepts runs, and return it."""
    from azureml.core.compute import AmlCompute, ComputeTarget

    found = _find(workspace, name)
    if found is not None and found.provisioning_state == "Deleting":
        found = _wait_until_deleted(progress, workspace, name, timeout_s)
    new = found is None
    if new:
        configuration = AmlCompute.provisioning_configuration(
            vm_size=size,
            vm_priority="lowpriority" if low_priority else "dedicated",
            min_nodes=min_nodes,
            max_nodes=max_nodes,
            idle_seconds_before_scaledown=idle_seconds,
            tags=tags or None,
        )
        found = ComputeTarget.create(open_workspace(workspace), name, configuration)
    _wait(progress, found, timeout_s, new)
    return _describe(found)


def list_all(progress, *, workspace):
    targets = open_workspace(workspace).compute_targets.values()
    return [_describe(target) for target in targets if target.type == "AmlCompute"]


def delete(progress, *, workspace, name):
    found = _find(workspace, name)
    if found is None:
        return False
    found.delete()
    return True


def _find(workspace, name):
    """Return the cluster, or None if it does not exist. Raises Problem for another kind of target.

    Looks it up by name instead of listing. Azure ignores case in names, and a list leaves out kinds that the SDK does
    not know. Creating a target that exists would modify it.
    """
    from azureml.core.compute import ComputeTarget

    try:
        found = ComputeTarget(open_workspace(workspace), name)
    except Exception as error:
        if classify(error)[0] == "missing":
            return None
        raise
    if found is None or found.type != "AmlCompute":
        kind = found.type if found else "of a kind unknown to the SDK"
        raise Problem("refused", f"compute target {name!r} is {kind}, not a cluster; choose another name")
    return found


def _wait(progress, cluster, timeout_s, new):
    """Wait until the cluster accepts runs: a new one has its nodes; an existing one may be resizing for others."""
    for _ in poll(timeout_s):
        status, state = cluster.get_status(), cluster.provisioning_state
        _check(cluster, status, new)
        allocation = status.allocation_state if status else None
        if state == "Succeeded" and not (new and allocation == "Resizing"):
            return
        nodes = status.current_node_count if status else 0
        progress(f"{cluster.name}: {allocation or state}", nodes or 0, None)
    raise Problem(
        "timeout",
        f"compute target {cluster.name!r} is still {allocation or state} after {timeout_s:.0f} s; look at it"
        " in the portal, or raise platforms.azureml.compute_timeout_s",
    )


def _check(cluster, status, new):
    """Raise Problem if the cluster failed. Node errors count only if it is new: an older one may have recovered."""
    state = cluster.provisioning_state
    errors = [*(cluster.provisioning_errors or ()), *((status and status.errors) or ())]
    if state in ("Failed", "Canceled") or (new and errors):
        why = "; ".join(map(_message, errors)) or state
        raise Problem("refused", f"compute target {cluster.name!r} failed: {why}; delete it and run it again")


def _wait_until_deleted(progress, workspace, name, timeout_s):
    """Wait until a cluster that is being deleted is gone. Raises Problem after timeout_s."""
    for _ in poll(timeout_s):
        if _find(workspace, name) is None:
            return
        progress(f"{name}: Deleting", 0, None)
    raise Problem(
        "timeout",
        f"compute target {name!r} is still being deleted after {timeout_s:.0f} s; run it again to keep waiting",
    )


def _message(error):
    inner = error.get("error", error)
    return inner.get("message") or str(inner)


def _describe(cluster):
    """Return the cluster's fields. A value is None while Azure creates the cluster and does not report it yet."""
    scale = cluster.scale_settings
    return {
        "name": cluster.name,
        "size": cluster.vm_size,
        "priority": cluster.vm_priority,
        "min_nodes": scale.minimum_node_count if scale else None,
        "max_nodes": scale.maximum_node_count if scale else None,
        "idle_seconds": _seconds(scale.idle_seconds_before_scaledown) if scale else None,
        "state": cluster.provisioning_state,
    }


def _seconds(idle):
    """Convert Azure's idle time to seconds: it is a number, or an ISO 8601 duration such as PT1800S."""
    import isodate

    return (
        int(isodate.parse_duration(idle).total_seconds())
        if isinstance(idle, str) and idle.startswith("P")
        else idle
    )
