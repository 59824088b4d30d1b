"""Machine sizes, and the subscription's quota of cores."""

import re

from failures import classify
from workspaces import open_workspace


def sizes(progress, *, workspace, size, low_priority):
    """Return whether the region offers a size, its cores, and the smallest remaining quota that limits it.

    Sizes and quotas belong to the subscription, and many users may read their workspace only. What they may not read
    is in `unreadable`, and not checked.
    """
    from azureml.core.compute import AmlCompute

    unreadable = []
    offered = _read("sizes", lambda: AmlCompute.supported_vmsizes(open_workspace(workspace)), unreadable)
    usages = _read("quota", lambda: AmlCompute.list_usages(open_workspace(workspace)), unreadable)
    known = {one["name"].lower(): one for one in offered or ()}
    found = known.get(size.lower(), {})
    if offered is not None and not found:
        return {"offered": False, "known": sorted(one["name"] for one in known.values())}
    left = {
        usage["name"]["value"]: usage["limit"] - usage["currentValue"]
        for usage in usages or ()
        if _limits(usage, size, "LowPriority" if low_priority else "Dedicated")
    }
    quota = min(left, key=left.__getitem__, default=None)
    return {
        "offered": True,
        "cores": found.get("vCPUs"),
        "quota": quota,
        "cores_left": left.get(quota),
        "unreadable": unreadable,
    }


def _read(what, read, unreadable):
    """Return what the subscription answers; None, and its name in `unreadable`, without the right to read it."""
    try:
        return read()
    except Exception as error:
        if classify(error)[0] != "forbidden":
            raise
        unreadable.append(what)
        return None


def _limits(usage, size, priority):
    """Return whether a quota limits nodes of the size: the region's total or the family's, for this priority.

    A limit of -1 means that the quota has no limit itself.
    """
    name = usage["name"]["value"]
    return usage["limit"] >= 0 and priority in name and (name.startswith("Total") or is_family(name, size))


def is_family(name, size):
    """Return whether a quota such as `Standard NCASv3_T4 Family Cluster Dedicated vCPUs` counts Standard_NC4as_T4_v3.

    The SDK does not say which family a size belongs to, so names are compared. Without a match no quota is known.
    """
    parts = re.fullmatch(r"(?:standard_)?([a-z]+?)\d+(?:-\d+)?([a-z]*)((?:_[a-z]*\d+)*)", size.lower())
    if parts is None:
        return False
    series, features, versions = parts[1], parts[2], parts[3].replace("_", "")
    family = re.sub(r"^standard|family.*$| ", "", name.lower())
    families = (family.replace("_", ""), re.sub(r"_[a-z]+\d+$", "", family))  # NDASv4_A100 counts ND96asr_v4
    # Names of families leave out 'r' (RDMA) and 'i' (isolation).
    stems = [series + re.sub(dropped, "", features) for dropped in ("^$", "r", "[ir]")]
    return any(
        one.startswith(stem) and sorted(one) == sorted(stem + versions) for one in families for stem in stems
    )
