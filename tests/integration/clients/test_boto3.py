"""All that boto3 builds upon EMR's API by itself: every paginator and every waiter of its client."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError
from botocore.loaders import Loader

from tests.integration.emulator.region import CORE, MASTER, Region, shell

FAST = {"Delay": 0.05, "MaxAttempts": 400}
PAGINATORS: dict[str, dict[str, str]] = Loader().load_service_model("emr", "paginators-1")["pagination"]
WAITERS = Loader().load_service_model("emr", "waiters-2")["waiters"]
NOT_EMULATED = {"ListNotebookExecutions", "ListSessions", "ListStudioSessionMappings", "ListStudios"}


def method(operation: str) -> str:
    """ListSteps as boto3 has it: list_steps."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation)[1:]


def name(thing: dict[str, Any]) -> str:
    return str(thing.get("Id") or thing["Name"])


def clusters(region: Region) -> tuple[dict[str, Any], int]:
    for _ in range(55):
        region.run()
    return {}, 55


def steps(region: Region) -> tuple[dict[str, Any], int]:
    cluster = region.run(*[shell("sleep 1000")] * 51)
    region.add(cluster, *[shell("true")] * 60)
    return {"ClusterId": cluster}, 111


def instances(region: Region) -> tuple[dict[str, Any], int]:
    groups = [MASTER, {**CORE, "InstanceCount": 1999}, {**CORE, "InstanceRole": "TASK", "InstanceCount": 10}]
    cluster = region.run(instances={"InstanceGroups": groups})
    region.wait(cluster, "WAITING")
    return {"ClusterId": cluster}, 2010


def security_configurations(region: Region) -> tuple[dict[str, Any], int]:
    whole = {"EncryptionConfiguration": {"EnableInTransitEncryption": False, "EnableAtRestEncryption": False}}
    for number in range(55):
        region.emr.create_security_configuration(Name=f"number {number}", SecurityConfiguration=json.dumps(whole))
    return {}, 55


# EMR lets a cluster have fewer of these than a page holds.


def groups(region: Region) -> tuple[dict[str, Any], int]:
    tasks = [{**CORE, "InstanceRole": "TASK", "InstanceCount": 0, "Name": f"task {number}"} for number in range(48)]
    return {"ClusterId": region.run(instances={"InstanceGroups": [MASTER, CORE, *tasks]})}, 50


def fleets(region: Region) -> tuple[dict[str, Any], int]:
    types = [{"InstanceType": "m5.xlarge"}]
    asked = [
        {"InstanceFleetType": role, "TargetOnDemandCapacity": 1, "InstanceTypeConfigs": types}
        for role in ("MASTER", "CORE", "TASK")
    ]
    return {"ClusterId": region.run(instances={"InstanceGroups": [], "InstanceFleets": asked})}, 3


def bootstrap_actions(region: Region) -> tuple[dict[str, Any], int]:
    actions = [
        {"Name": f"action {number}", "ScriptBootstrapAction": {"Path": "s3://no-such-bucket/a.sh"}}
        for number in range(16)
    ]
    return {"ClusterId": region.run(BootstrapActions=actions)}, 16


ARRANGE: dict[str, tuple[Callable[[Region], tuple[dict[str, Any], int]], int]] = {
    "ListClusters": (clusters, 2),
    "ListSteps": (steps, 3),
    "ListInstances": (instances, 2),
    "ListSecurityConfigurations": (security_configurations, 2),
    "ListInstanceGroups": (groups, 1),
    "ListInstanceFleets": (fleets, 1),
    "ListBootstrapActions": (bootstrap_actions, 1),
}


def test_every_paginator_is_looked_at() -> None:
    assert ARRANGE.keys() | NOT_EMULATED == PAGINATORS.keys()
    assert WAITERS.keys() == {"ClusterRunning", "ClusterTerminated", "StepComplete"}


@pytest.mark.parametrize("operation", ARRANGE)
def test_a_paginator_finds_everything_once_also_when_it_goes_on_later(region: Region, operation: str) -> None:
    arrange, pages = ARRANGE[operation]
    own = Region(region.url)
    arguments, total = arrange(own)
    paginator, key = own.emr.get_paginator(method(operation)), PAGINATORS[operation]["result_key"]
    found = [page[key] for page in paginator.paginate(**arguments)]
    assert len(found) == pages
    everything = [name(thing) for page in found for thing in page]
    assert len(set(everything)) == len(everything) == total

    first = paginator.paginate(**arguments, PaginationConfig={"MaxItems": total - 1}).build_full_result()
    rest = paginator.paginate(**arguments, PaginationConfig={"StartingToken": first["NextToken"]}).build_full_result()
    assert [name(thing) for thing in first[key] + rest[key]] == everything
    end_all(own)


@pytest.mark.parametrize("operation", sorted(NOT_EMULATED))
def test_the_other_paginators_are_refused_by_name(region: Region, operation: str) -> None:
    needed = {"ListSessions": {"ClusterId": "j-1"}}.get(operation, {})
    with pytest.raises(ClientError, match=f"does not emulate ElasticMapReduce {operation}"):
        list(region.emr.get_paginator(method(operation)).paginate(**needed))


def test_waiters_end_well_or_with_the_reason(region: Region) -> None:
    cluster = region.run(shell("sleep 0.2"), shell("exit 1"))
    failing, well = (step["Id"] for step in region.emr.list_steps(ClusterId=cluster)["Steps"])
    wait = {waiter: region.emr.get_waiter(method(waiter)).wait for waiter in WAITERS}
    wait["ClusterRunning"](ClusterId=cluster, WaiterConfig=FAST)
    wait["StepComplete"](ClusterId=cluster, StepId=well, WaiterConfig=FAST)
    with pytest.raises(WaiterError, match="terminal failure state"):
        wait["StepComplete"](ClusterId=cluster, StepId=failing, WaiterConfig=FAST)
    region.emr.terminate_job_flows(JobFlowIds=[cluster])
    wait["ClusterTerminated"](ClusterId=cluster, WaiterConfig=FAST)
    with pytest.raises(WaiterError, match="terminal failure state"):
        wait["ClusterRunning"](ClusterId=cluster, WaiterConfig=FAST)


def end_all(region: Region) -> None:
    ids = [found["Id"] for page in region.emr.get_paginator("list_clusters").paginate() for found in page["Clusters"]]
    for first in range(0, len(ids), 10):
        region.emr.terminate_job_flows(JobFlowIds=ids[first : first + 10])
