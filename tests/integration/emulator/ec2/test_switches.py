"""What is switched on and off of several clusters at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.emulator.region import MASTER, Region, shell

SWITCHES: list[tuple[str, dict[str, Any]]] = [
    ("set_keep_job_flow_alive_when_no_steps", {"KeepJobFlowAliveWhenNoSteps": False}),
    ("set_visible_to_all_users", {"VisibleToAllUsers": False}),
    ("set_unhealthy_node_replacement", {"UnhealthyNodeReplacement": True}),
    ("set_termination_protection", {"TerminationProtected": True}),
]


def switched(region: Region, cluster: str) -> list[Any]:
    told = region.describe(cluster)
    members = ("AutoTerminate", "VisibleToAllUsers", "UnhealthyNodeReplacement", "TerminationProtected")
    return [told.get(member) for member in members]


@pytest.fixture(scope="module")
def standing(region: Region) -> str:
    cluster = region.run()
    region.wait(cluster, "WAITING")
    return cluster


@pytest.fixture(scope="module")
def ended(region: Region) -> str:
    cluster = region.run()
    region.end(cluster)
    return cluster


@pytest.mark.parametrize(
    ("verb", "member", "place"),
    [
        ("set_visible_to_all_users", "VisibleToAllUsers", 1),
        ("set_unhealthy_node_replacement", "UnhealthyNodeReplacement", 2),
        ("set_termination_protection", "TerminationProtected", 3),
    ],
)
def test_a_switch_is_told_of_all_clusters_that_it_was_set_for(
    region: Region, verb: str, member: str, place: int
) -> None:
    clusters = [region.run() for _ in range(2)]
    before = [switched(region, cluster) for cluster in clusters]
    for wanted in (True, False):
        getattr(region.emr, verb)(JobFlowIds=clusters, **{member: wanted})
        for cluster, others in zip(clusters, before, strict=True):
            now = switched(region, cluster)
            assert now.pop(place) is wanted
            assert now == others[:place] + others[place + 1 :]


def test_a_waiting_cluster_ends_when_it_need_not_stay_alive(region: Region) -> None:
    cluster = region.run()
    region.wait(cluster, "WAITING")
    region.emr.set_keep_job_flow_alive_when_no_steps(JobFlowIds=[cluster], KeepJobFlowAliveWhenNoSteps=False)
    reason = region.wait(cluster, "TERMINATED")["Status"]["StateChangeReason"]
    assert reason["Code"] == "ALL_STEPS_COMPLETED"
    assert region.describe(cluster)["AutoTerminate"] is True


def test_a_cluster_that_would_end_stays_alive_when_it_is_told_to(region: Region, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    step = shell(f"until test -e {gate}; do sleep 0.02; done")
    cluster = region.run(step, instances={"KeepJobFlowAliveWhenNoSteps": False})
    assert region.describe(cluster)["AutoTerminate"] is True
    region.emr.set_keep_job_flow_alive_when_no_steps(JobFlowIds=[cluster], KeepJobFlowAliveWhenNoSteps=True)
    assert region.describe(cluster)["AutoTerminate"] is False
    gate.touch()
    region.wait(cluster, "WAITING")


def test_three_primary_instances_stay_alive_whatever_they_are_told(region: Region) -> None:
    cluster = region.run(instances={"InstanceGroups": [{**MASTER, "InstanceCount": 3}]})
    region.wait(cluster, "WAITING")
    region.emr.set_keep_job_flow_alive_when_no_steps(JobFlowIds=[cluster], KeepJobFlowAliveWhenNoSteps=False)
    (step,) = region.add(cluster, shell("true"))
    region.wait_step(cluster, step, "COMPLETED")
    region.wait(cluster, "WAITING")
    assert region.describe(cluster)["AutoTerminate"] is False


@pytest.mark.parametrize(("verb", "member"), SWITCHES)
def test_one_wrong_cluster_among_several_leaves_all_as_they_are(
    region: Region, standing: str, ended: str, verb: str, member: dict[str, Any]
) -> None:
    before = switched(region, standing)
    for ids, why in (
        ([standing, "j-NOTTHERE"], "Specified job flow ID does not exist"),
        ([standing, ended], "may not be modified"),
        ([], "1 to 10 job flow ids"),
        ([standing] * 11, "1 to 10 job flow ids"),
    ):
        with pytest.raises(ClientError, match=why) as refused:
            getattr(region.emr, verb)(JobFlowIds=ids, **member)
        assert refused.value.response["Error"]["Code"] == "ValidationException"
        assert switched(region, standing) == before
