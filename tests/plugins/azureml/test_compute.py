"""Clusters: reused without changes, or created if the quota allows it."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.azureml import Loopback
from tests.plugins.azureml.conftest import LASTING, with_tiny

from dressage import ComputeTarget, Engine, SettingsError, StageError
from dressage.platforms.protocols import Compute

SIZE = "Standard_DS3_v2"
DEDICATED, LOW = (
    "Standard DSv2 Family Cluster Dedicated vCPUs",
    "Standard DSv2 Family Cluster LowPriority vCPUs",
)
ALL_DEDICATED, ALL_LOW = "Total Cluster Dedicated Regional vCPUs", "Total Cluster LowPriority Regional vCPUs"


@pytest.fixture
def compute(azure: Engine) -> Compute:
    return azure.platform().compute


def target(name: str = "cpu-cluster") -> ComputeTarget:
    return ComputeTarget(name=name, size=SIZE, max_nodes=4)


def ensure(compute: Compute, wanted: ComputeTarget) -> str:
    return compute.ensure(wanted, lambda *_: None).name


def test_names_of_clusters_ignore_case(compute: Compute, service: Loopback):
    ensure(compute, target("Cpu-Cluster"))
    before = service.changes()
    wanted = ComputeTarget(name="cpu-cluster", size=SIZE, max_nodes=9)
    assert "its max_nodes is 4, not 9; the existing cluster is not modified" in compute.plan(wanted).reasons
    assert ensure(compute, wanted) == "Cpu-Cluster"
    assert service.changes() == before
    compute.delete("CPU-cluster")
    assert compute.list() == []


def test_a_compute_target_of_unknown_kind_is_an_error(compute: Compute, service: Loopback):
    ensure(compute, target())
    service.behave(troubles={"cpu-cluster": "foreign"})
    for act in (compute.plan, lambda wanted: ensure(compute, wanted)):
        with pytest.raises(
            StageError, match="'cpu-cluster' is of a kind unknown to the SDK, not a cluster; choose"
        ):
            act(target())


@pytest.mark.parametrize(
    ("quotas", "low", "words"),
    [
        ({DEDICATED: -1, ALL_DEDICATED: 3}, False, f"'{ALL_DEDICATED}' has 3 left"),
        ({DEDICATED: 2, ALL_DEDICATED: 3}, False, f"'{DEDICATED}' has 2 left"),
        ({ALL_LOW: 0}, True, f"'{ALL_LOW}' has 0 left"),
        ({DEDICATED: 0, ALL_LOW: 4}, True, None),
        ({LOW: 0, DEDICATED: -1}, False, None),
    ],
)
def test_the_smallest_quota_of_the_priority_counts(
    compute: Compute, service: Loopback, quotas: dict[str, int], low: bool, words: str | None
):
    service.behave(quotas=quotas)
    wanted = ComputeTarget(name="cpu-cluster", size=SIZE, low_priority=low)
    if words is None:
        assert compute.plan(wanted).action == "create"
        return
    with pytest.raises(StageError, match=f"needs 4 cores, and the quota {words}; choose another size"):
        compute.plan(wanted)


@pytest.mark.parametrize(
    ("size", "family"),
    [
        ("Standard_NC4as_T4_v3", "NCASv3_T4"),
        ("Standard_NC24ads_A100_v4", "NCADSA100v4"),
        ("Standard_ND96asr_v4", "NDASv4_A100"),
    ],
)
def test_the_family_of_a_size_is_found_by_its_name(
    compute: Compute, service: Loopback, size: str, family: str
):
    quota = f"Standard {family} Family Cluster Dedicated vCPUs"
    service.behave(quotas={quota: 1})
    with pytest.raises(StageError, match=f"the quota '{quota}' has 1 left"):
        compute.plan(ComputeTarget(name="gpu-cluster", size=size))


@pytest.mark.parametrize(("state", "why"), [("Failed", "The subnet is full"), ("Canceled", "Canceled")])
def test_a_failed_creation_is_an_error_with_its_reason(
    compute: Compute, service: Loopback, state: str, why: str
):
    service.behave(troubles={"cpu-cluster": state})
    with pytest.raises(StageError, match=rf"'cpu-cluster' failed: {why}\.?; delete it and run it again"):
        ensure(compute, target())


def test_a_node_error_of_a_new_cluster_is_an_error(compute: Compute, service: Loopback):
    service.behave(troubles={"cpu-cluster": "hurt"})
    with pytest.raises(StageError, match=r"'cpu-cluster' failed: A node could not be set up\.; delete it"):
        ensure(compute, target())


def test_an_existing_cluster_is_used_despite_a_node_error(compute: Compute, service: Loopback):
    ensure(compute, target())
    service.behave(troubles={"cpu-cluster": "hurt"})
    assert ensure(compute, target()) == "cpu-cluster"


def test_a_cluster_that_is_being_created_is_planned_and_listed(service: Loopback, project: Path):
    service.behave(creating_s=600)
    compute = with_tiny(project, compute_timeout_s=0.1).platform().compute
    with pytest.raises(StageError, match="is still Creating"):
        ensure(compute, target())
    assert compute.plan(target()).action == "reuse"
    assert [one.name for one in compute.list()] == ["cpu-cluster"]


def test_a_cluster_that_is_being_deleted_is_created_again(compute: Compute, service: Loopback):
    ensure(compute, target())
    service.behave(deleting_s=1)
    compute.delete("cpu-cluster")
    stage = compute.plan(target())
    assert stage.action == "create"
    assert stage.reasons[0].startswith("the cluster of this name is being deleted")
    assert ensure(compute, target()) == "cpu-cluster"


def test_without_rights_on_the_subscription_the_plan_says_what_is_unknown(
    compute: Compute, service: Loopback
):
    service.fault("GET", "/locations/[^/]+/(vmSizes|usages)", status=403, times=LASTING)
    reasons = compute.plan(target()).reasons
    assert "sizes unknown: no right to read it in the subscription" in reasons
    assert "quota unknown: no right to read it in the subscription" in reasons
    assert ensure(compute, target()) == "cpu-cluster"


def test_without_rights_on_the_subscription_the_needs_of_a_run_are_not_compared(
    compute: Compute, service: Loopback
):
    service.fault("GET", "/locations/[^/]+/vmSizes", status=403, times=LASTING)
    assert compute.plan(replace(target(), cpus=1)).action == "create"


@pytest.mark.parametrize(
    "size", ["STANDARD_NC6", "Standard_NC6s_v3", "standard_nc24rs_v3", "Standard_NC12s_v2"]
)
def test_a_retired_size_is_refused_with_its_successor(compute: Compute, size: str):
    with pytest.raises(SettingsError, match=f"{size}.*retired.*use Standard_NC4as_T4_v3"):
        compute.plan(replace(target(), size=size))
