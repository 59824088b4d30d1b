"""AmlCompute clusters."""

from failures import Problem, looks, told
from workspaces import opened


def get(tell, *, workspace, name):
    """The cluster as it is; None if there is none. Raises Problem if the name is that of something else."""
    found = _found(workspace, name)
    return None if found is None else _shown(found)


def ensure(tell, *, workspace, name, size, min_nodes, max_nodes, idle_seconds, low_priority, tags, timeout_s):
    """The cluster, made if it is not there, once it can take runs."""
    from azureml.core.compute import AmlCompute, ComputeTarget

    found = _found(workspace, name)
    if found is not None and found.provisioning_state == "Deleting":
        found = _gone(tell, workspace, name, timeout_s)
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
        found = ComputeTarget.create(opened(workspace), name, configuration)
    _wait(tell, found, timeout_s, new)
    return _shown(found)


def all_of(tell, *, workspace):
    targets = opened(workspace).compute_targets.values()
    return [_shown(target) for target in targets if target.type == "AmlCompute"]


def delete(tell, *, workspace, name):
    found = _found(workspace, name)
    if found is None:
        return False
    found.delete()
    return True


def _found(workspace, name):
    """Asked for by name: a list has neither what the SDK does not know, nor a name in other capitals.

    Azure takes no notice of capitals, and creating what is there changes it.
    """
    from azureml.core.compute import ComputeTarget

    try:
        found = ComputeTarget(opened(workspace), name)
    except Exception as error:
        if told(error)[0] == "missing":
            return None
        raise
    if found is None or found.type != "AmlCompute":
        kind = found.type if found else "of a kind unknown to the SDK"
        raise Problem("refused", f"compute target {name!r} is {kind}, not a cluster; choose another name")
    return found


def _wait(tell, cluster, timeout_s, new):
    """Until it can take runs: a new one has its nodes; one that was there may be resizing for others."""
    for _ in looks(timeout_s):
        status, state = cluster.get_status(), cluster.provisioning_state
        _check(cluster, status, new)
        allocation = status.allocation_state if status else None
        if state == "Succeeded" and not (new and allocation == "Resizing"):
            return
        nodes = status.current_node_count if status else 0
        tell(f"{cluster.name}: {allocation or state}", nodes or 0, None)
    raise Problem(
        "timeout",
        f"compute target {cluster.name!r} is still {allocation or state} after {timeout_s:.0f} s; look at it"
        " in the portal, or raise platforms.azureml.compute_timeout_s",
    )


def _check(cluster, status, new):
    """Raises Problem for one that failed. One that was there may have had trouble with a node once, and works."""
    state = cluster.provisioning_state
    errors = [*(cluster.provisioning_errors or ()), *((status and status.errors) or ())]
    if state in ("Failed", "Canceled") or (new and errors):
        why = "; ".join(map(_message, errors)) or state
        raise Problem("refused", f"compute target {cluster.name!r} failed: {why}; delete it and run it again")


def _gone(tell, workspace, name, timeout_s):
    """None, once the cluster that is being deleted is no more."""
    for _ in looks(timeout_s):
        if _found(workspace, name) is None:
            return
        tell(f"{name}: Deleting", 0, None)
    raise Problem(
        "timeout",
        f"compute target {name!r} is still being deleted after {timeout_s:.0f} s; run it again to go on waiting",
    )


def _message(error):
    inner = error.get("error", error)
    return inner.get("message") or str(inner)


def _shown(cluster):
    """None stands for what Azure does not say, as long as it makes the cluster."""
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
    """A number, or an ISO 8601 duration such as PT1800S."""
    import isodate

    return (
        int(isodate.parse_duration(idle).total_seconds())
        if isinstance(idle, str) and idle.startswith("P")
        else idle
    )
