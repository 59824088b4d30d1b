"""Machine sizes, and how many of their cores the subscription may have."""

import re

from workspaces import opened


def sizes(tell, *, workspace, size, low_priority):
    """What the region has of a size: its cores, and the tightest of the quotas that count them, if any does."""
    from azureml.core.compute import AmlCompute

    known = {one["name"].lower(): one for one in AmlCompute.supported_vmsizes(opened(workspace))}
    found = known.get(size.lower())
    if found is None:
        return {"offered": False, "known": sorted(one["name"] for one in known.values())}
    usages = AmlCompute.list_usages(opened(workspace))
    left = {
        usage["name"]["value"]: usage["limit"] - usage["currentValue"]
        for usage in usages
        if _counts(usage, size, "LowPriority" if low_priority else "Dedicated")
    }
    quota = min(left, key=left.__getitem__, default=None)
    return {"offered": True, "cores": found.get("vCPUs"), "quota": quota, "cores_left": left.get(quota)}


def _counts(usage, size, priority):
    """Whether it limits nodes of that size: the region's total and the family's, each for one priority.

    A limit of -1 is none of its own.
    """
    name = usage["name"]["value"]
    return usage["limit"] >= 0 and priority in name and (name.startswith("Total") or is_family(name, size))


def is_family(name, size):
    """Whether `Standard NCASv3_T4 Family Cluster Dedicated vCPUs` counts Standard_NC4as_T4_v3.

    The SDK leaves out which family a size is of; where the names do not tell, no quota is known.
    """
    parts = re.fullmatch(r"(?:standard_)?([a-z]+?)\d+(?:-\d+)?([a-z]*)((?:_[a-z]*\d+)*)", size.lower())
    if parts is None:
        return False
    series, features, versions = parts[1], parts[2], parts[3].replace("_", "")
    family = re.sub(r"^standard|family.*$| ", "", name.lower())
    told = (family.replace("_", ""), re.sub(r"_[a-z]+\d+$", "", family))  # NDASv4_A100 counts ND96asr_v4
    meant = [series + re.sub(dropped, "", features) for dropped in ("^$", "r", "[ir]")]  # RDMA and isolation
    return any(
        one.startswith(first) and sorted(one) == sorted(first + versions) for one in told for first in meant
    )
