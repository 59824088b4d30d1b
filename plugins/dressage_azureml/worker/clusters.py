"""AmlCompute clusters."""

import re

from failures import Problem, looks
from workspaces import opened


def get(tell, *, workspace, name):
    """The cluster as it is; None if there is none. Raises Problem if the name is that of something else."""
    found = opened(workspace).compute_targets.get(name)
    if found is None:
        return None
    if found.type != "AmlCompute":
        raise Problem(
            "refused", f"compute target {name!r} is {found.type}, not a cluster; choose another name"
        )
    return _shown(found)


def sizes(tell, *, workspace, size):
    """What the region has of a size: its cores and GPUs, and the quota left for its family."""
    from azureml.core.compute import AmlCompute

    known = {one["name"].lower(): one for one in AmlCompute.supported_vmsizes(opened(workspace))}
    found = known.get(size.lower())
    if found is None:
        return {"offered": False, "known": sorted(one["name"] for one in known.values())}
    usages = AmlCompute.list_usages(opened(workspace))
    usage = next((one for one in usages if is_family(_family(one), size)), None)
    return {
        "offered": True,
        "cores": found.get("vCPUs"),
        "family": _family(usage) if usage else None,
        "cores_left": usage["limit"] - usage["currentValue"] if usage else None,
    }


def is_family(family, size):
    """Whether the quota of that name counts the size: standardNCASv3_T4Family counts Standard_NC4as_T4_v3.

    The SDK leaves out which family a size is of; where the names do not tell, no quota is known.
    """
    parts = re.fullmatch(r"(?:standard_)?([a-z]+?)\d+(?:-\d+)?([a-z]*)((?:_[a-z]*\d+)*)", size.lower())
    if parts is None:
        return False
    words = [parts[1] + parts[2], *parts[3].split("_")[1:]]
    told = re.sub(r"^standard|family.*$|[_ ]", "", family.lower())
    return told.startswith(words[0]) and sorted(told) == sorted("".join(words))


def _family(usage):
    return usage["name"]["value"]


def ensure(tell, *, workspace, name, size, min_nodes, max_nodes, idle_seconds, low_priority, tags, timeout_s):
    """The cluster, made if it is not there, once it can take runs."""
    from azureml.core.compute import AmlCompute, ComputeTarget

    found = opened(workspace).compute_targets.get(name)
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
    found = opened(workspace).compute_targets.get(name)
    if found is None:
        return False
    found.delete()
    return True


def _wait(tell, cluster, timeout_s, new):
    """Until it can take runs: a new one has its nodes; one that was there may be resizing for others."""
    for _ in looks(timeout_s):
        cluster.refresh_state()
        state, status = cluster.provisioning_state, cluster.get_status()
        if state == "Failed" or (status and status.errors):
            errors = "; ".join(str(_message(error)) for error in (status.errors if status else None) or ())
            raise Problem(
                "refused",
                f"compute target {cluster.name!r} failed: {errors or state}; delete it and run it again",
            )
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


def _message(error):
    return getattr(error, "message", None) or error


def _shown(cluster):
    scale = cluster.scale_settings
    return {
        "name": cluster.name,
        "size": cluster.vm_size,
        "priority": str(cluster.vm_priority),
        "min_nodes": scale.minimum_node_count if scale else 0,
        "max_nodes": scale.maximum_node_count if scale else 0,
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
