"""Instance fleets: instances by weight and strategy, spot instances that cannot be had, changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.local_emulator import LocalEmulator
from tests.integration.emulator.region import TASK, Region, request, shell, wait_until

PRIMARY: Mapping[str, Any] = {
    "Name": "primary",
    "InstanceFleetType": "MASTER",
    "TargetOnDemandCapacity": 1,
    "InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}],
}
BIG: Mapping[str, Any] = {"InstanceType": "r5.4xlarge", "WeightedCapacity": 4}
SMALL: Mapping[str, Any] = {"InstanceType": "r5.xlarge"}


def fleet(role: str = "CORE", *types: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"InstanceFleetType": role, "InstanceTypeConfigs": [dict(one) for one in types or [SMALL]], **more}


def run(region: Region, *fleets: Mapping[str, Any], **changes: Any) -> str:
    instances = {"InstanceGroups": [], "InstanceFleets": [PRIMARY, *fleets]}
    return region.run(*changes.pop("steps", ()), instances={**instances, **changes.pop("instances", {})}, **changes)


def listed(region: Region, cluster: str) -> dict[str, dict[str, Any]]:
    """The fleets by role."""
    fleets = region.emr.list_instance_fleets(ClusterId=cluster)["InstanceFleets"]
    return {found["InstanceFleetType"]: found for found in fleets}


def instances(region: Region, cluster: str, role: str, *states: str) -> list[dict[str, Any]]:
    filters = {"InstanceStates": list(states)} if states else {}
    found: list[dict[str, Any]] = region.emr.list_instances(ClusterId=cluster, InstanceFleetType=role, **filters)[
        "Instances"
    ]
    return found


def wait_for(region: Region, cluster: str, role: str, on_demand: int, spot: int) -> dict[str, Any]:
    """The fleet when it runs again, with so many units."""

    def is_there() -> bool:
        found = listed(region, cluster)[role]
        units = (found["ProvisionedOnDemandCapacity"], found["ProvisionedSpotCapacity"])
        return (found["Status"]["State"], units) == ("RUNNING", (on_demand, spot))

    wait_until(is_there)
    return listed(region, cluster)[role]


def test_a_fleet_is_told_as_it_was_asked_for(region: Region) -> None:
    volume = {"VolumeType": "gp2", "SizeInGB": 32}
    config = {
        **BIG,
        "BidPrice": "0.5",
        "Priority": 1.0,
        "CustomAmiId": "ami-1",
        "Configurations": [{"Classification": "c", "Properties": {"a": "b"}, "Configurations": []}],
    }
    ebs = {"EbsOptimized": True, "EbsBlockDeviceConfigs": [{"VolumeSpecification": volume}]}
    launch = {
        "OnDemandSpecification": {"AllocationStrategy": "lowest-price"},
        "SpotSpecification": {
            "TimeoutDurationMinutes": 20,
            "TimeoutAction": "SWITCH_TO_ON_DEMAND",
            "AllocationStrategy": "price-capacity-optimized",
        },
    }
    resize = {"SpotResizeSpecification": {"TimeoutDurationMinutes": 5}}
    asked = fleet(
        "CORE",
        {**config, "EbsConfiguration": ebs},
        SMALL,
        Name="core",
        TargetOnDemandCapacity=2,
        TargetSpotCapacity=8,
        LaunchSpecifications=launch,
        ResizeSpecifications=resize,
    )
    cluster = run(region, asked)
    region.wait(cluster, "WAITING")
    told = listed(region, cluster)["CORE"]
    assert told.pop("Id").startswith("if-")
    status = told.pop("Status")
    assert status["State"] == "RUNNING"
    assert status["Timeline"].keys() == {"CreationDateTime", "ReadyDateTime"}
    assert told == {
        "Name": "core",
        "InstanceFleetType": "CORE",
        "TargetOnDemandCapacity": 2,
        "TargetSpotCapacity": 8,
        "ProvisionedOnDemandCapacity": 4,
        "ProvisionedSpotCapacity": 8,
        "InstanceTypeSpecifications": [
            {
                **config,
                "EbsOptimized": True,
                "EbsBlockDevices": [{"VolumeSpecification": volume, "Device": "/dev/sdb"}],
            },
            {**SMALL, "WeightedCapacity": 1, "BidPriceAsPercentageOfOnDemandPrice": 100.0, "EbsBlockDevices": []},
        ],
        "LaunchSpecifications": launch,
        "ResizeSpecifications": resize,
    }


def test_a_cluster_of_fleets_runs_steps_and_says_what_it_is(region: Region) -> None:
    cluster = run(
        region,
        steps=[shell("true")],
        instances={"Ec2SubnetIds": ["subnet-1", "subnet-2"], "KeepJobFlowAliveWhenNoSteps": True},
    )
    told = region.wait(cluster, "WAITING")
    assert told["InstanceCollectionType"] == "INSTANCE_FLEET"
    assert told["Ec2InstanceAttributes"]["RequestedEc2SubnetIds"] == ["subnet-1", "subnet-2"]
    assert told["Ec2InstanceAttributes"]["Ec2SubnetId"] == "subnet-1"
    (primary,) = instances(region, cluster, "MASTER")
    assert told["MasterPublicDnsName"] == primary["PublicDnsName"]
    assert primary["InstanceFleetId"] == listed(region, cluster)["MASTER"]["Id"]
    assert "InstanceGroupId" not in primary
    assert [step["Status"]["State"] for step in region.steps(cluster)] == ["COMPLETED"]


def test_zones_are_for_fleets_and_the_first_is_taken(region: Region) -> None:
    zones = [f"{region.name}b", f"{region.name}c"]
    told = region.describe(run(region, instances={"Placement": {"AvailabilityZones": zones}}))
    assert told["Ec2InstanceAttributes"]["RequestedEc2AvailabilityZones"] == zones
    assert told["Ec2InstanceAttributes"]["Ec2AvailabilityZone"] == zones[0]


def test_units_are_met_by_weight_and_passed_by_less_than_one_instance(region: Region) -> None:
    cluster = run(region, fleet("CORE", BIG, SMALL, TargetOnDemandCapacity=6, TargetSpotCapacity=4))
    region.wait(cluster, "WAITING")
    told = wait_for(region, cluster, "CORE", 8, 4)
    assert (told["TargetOnDemandCapacity"], told["TargetSpotCapacity"]) == (6, 4)
    found = instances(region, cluster, "CORE")
    assert [(one["InstanceType"], one["Market"]) for one in found] == [
        ("r5.4xlarge", "ON_DEMAND"),
        ("r5.4xlarge", "ON_DEMAND"),
        ("r5.4xlarge", "SPOT"),
    ]


def test_a_fleet_is_added_and_changed(region: Region) -> None:
    cluster = run(region, fleet(TargetOnDemandCapacity=1))
    region.wait(cluster, "WAITING")
    answer = region.emr.add_instance_fleet(ClusterId=cluster, InstanceFleet=fleet("TASK", TargetSpotCapacity=2))
    assert (answer["ClusterId"], answer["ClusterArn"].endswith(cluster)) == (cluster, True)
    told = wait_for(region, cluster, "TASK", 0, 2)
    assert told["Id"] == answer["InstanceFleetId"]
    change = {"InstanceFleetId": told["Id"], "TargetSpotCapacity": 0, "TargetOnDemandCapacity": 3}
    region.emr.modify_instance_fleet(ClusterId=cluster, InstanceFleet=change)
    wait_for(region, cluster, "TASK", 3, 0)
    assert len(instances(region, cluster, "TASK", "TERMINATED")) == 2


# --- spot instances that cannot be had


@pytest.fixture(scope="module")
def scarce(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    """A region of an emulator that has two spot instances, and minutes of a hundredth of a second."""
    folder = tmp_path_factory.mktemp("scarce")
    delays = [word for name in ("start", "bootstrap", "terminate", "resize") for word in (f"--{name}-delay", "0.02")]
    options = [*delays, "--spot-capacity", "2", "--timeout-minute", "0.01", "--no-rate-limits"]
    with LocalEmulator(folder / "data", log=folder / "emulator.log", options=options) as running:
        yield Region(running.url)


def waiting(action: str) -> dict[str, Any]:
    spot = {"TimeoutDurationMinutes": 20, "TimeoutAction": action}
    return {"LaunchSpecifications": {"SpotSpecification": spot}}


def test_spot_units_that_cannot_be_had_become_on_demand(scarce: Region) -> None:
    cluster = run(scarce, fleet(TargetSpotCapacity=5, **waiting("SWITCH_TO_ON_DEMAND")))
    assert scarce.describe(cluster)["Status"]["State"] == "STARTING"
    scarce.wait(cluster, "WAITING")
    wait_for(scarce, cluster, "CORE", 3, 2)
    cancelled = instances(scarce, cluster, "CORE", "TERMINATED")
    assert len(cancelled) == 3
    assert all("Ec2InstanceId" not in one for one in cancelled)
    scarce.end(cluster)


def test_a_cluster_ends_that_cannot_have_its_spot_units(scarce: Region) -> None:
    cluster = run(scarce, fleet(TargetSpotCapacity=5, **waiting("TERMINATE_CLUSTER")))
    ended = scarce.wait(cluster, "TERMINATED_WITH_ERRORS")
    assert ended["Status"]["StateChangeReason"]["Code"] == "INSTANCE_FLEET_TIMEOUT"
    assert "3 units for the CORE instance fleet" in ended["Status"]["StateChangeReason"]["Message"]


def test_a_resize_that_cannot_have_its_spot_units_is_suspended(scarce: Region) -> None:
    resize = {"SpotResizeSpecification": {"TimeoutDurationMinutes": 10}}
    cluster = run(scarce, fleet(TargetOnDemandCapacity=1, ResizeSpecifications=resize))
    scarce.wait(cluster, "WAITING")
    change = {"InstanceFleetId": listed(scarce, cluster)["CORE"]["Id"], "TargetSpotCapacity": 4}
    scarce.emr.modify_instance_fleet(ClusterId=cluster, InstanceFleet=change)
    wait_until(lambda: listed(scarce, cluster)["CORE"]["Status"]["State"] == "SUSPENDED")
    told = listed(scarce, cluster)["CORE"]
    assert told["ProvisionedSpotCapacity"] == 2
    assert "2 units" in told["Status"]["StateChangeReason"]["Message"]
    assert scarce.describe(cluster)["Status"]["State"] == "WAITING"
    scarce.end(cluster)


# --- refusals


@pytest.fixture(scope="module")
def of_fleets(region: Region) -> str:
    cluster = run(region, fleet(TargetOnDemandCapacity=1))
    region.wait(cluster, "WAITING")
    return cluster


def refused(call: Any, code: str = "InvalidRequestException", **parameters: Any) -> str:
    with pytest.raises(ClientError) as refusal:
        call(**parameters)
    assert refusal.value.response["Error"]["Code"] == code
    message: str = refusal.value.response["Error"]["Message"]
    return message


def test_groups_and_fleets_do_not_mix(region: Region, of_fleets: str) -> None:
    emr, of_groups = region.emr, region.run()
    exclusive = "Instance fleets and instance groups are mutually exclusive."
    assert refused(emr.list_instance_groups, ClusterId=of_fleets) == exclusive
    assert refused(emr.list_instance_fleets, ClusterId=of_groups) == exclusive
    assert refused(emr.list_instances, ClusterId=of_fleets, InstanceGroupTypes=["CORE"]) == exclusive
    assert refused(emr.list_instances, ClusterId=of_groups, InstanceFleetType="CORE") == exclusive
    assert (
        refused(emr.add_instance_groups, "ValidationException", JobFlowId=of_fleets, InstanceGroups=[TASK]) == exclusive
    )
    new = fleet("TASK", TargetOnDemandCapacity=1)
    assert refused(emr.add_instance_fleet, ClusterId=of_groups, InstanceFleet=new) == exclusive


ADD_REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("at most one CORE", fleet("CORE", TargetOnDemandCapacity=1)),
    ("at most one MASTER", fleet("MASTER", TargetOnDemandCapacity=1)),
    ("At least one of TargetOnDemandCapacity", fleet("TASK")),
    (
        "at most 5 instance types",
        fleet("TASK", *[{"InstanceType": f"m{n}.xlarge"} for n in range(6)], TargetSpotCapacity=1),
    ),
]


@pytest.mark.parametrize(("rule", "new"), ADD_REFUSED)
def test_a_fleet_that_breaks_a_rule_is_not_added(
    region: Region, of_fleets: str, rule: str, new: dict[str, Any]
) -> None:
    assert rule in refused(region.emr.add_instance_fleet, ClusterId=of_fleets, InstanceFleet=new)


def test_more_instances_than_the_emulator_can_hold_are_refused_by_name(region: Region, of_fleets: str) -> None:
    emr, core = region.emr, listed(region, of_fleets)["CORE"]["Id"]
    endless = {"TargetOnDemandCapacity": 10**9}
    made = {"InstanceGroups": [], "InstanceFleets": [PRIMARY, fleet("CORE", **endless)]}
    for call, asked in (
        (emr.run_job_flow, request(instances=made)),
        (emr.add_instance_fleet, {"ClusterId": of_fleets, "InstanceFleet": fleet("TASK", **endless)}),
        (emr.modify_instance_fleet, {"ClusterId": of_fleets, "InstanceFleet": {"InstanceFleetId": core, **endless}}),
    ):
        assert "that may need more than 4,000 instances" in refused(call, "NotEmulatedException", **asked)


def test_a_task_fleet_needs_a_core_fleet(region: Region) -> None:
    new = fleet("TASK", TargetOnDemandCapacity=1)
    assert "needs a CORE" in refused(region.emr.add_instance_fleet, ClusterId=run(region), InstanceFleet=new)


def test_changes_that_break_a_rule_are_refused(region: Region, of_fleets: str) -> None:
    fleets = listed(region, of_fleets)
    core, primary = fleets["CORE"]["Id"], fleets["MASTER"]["Id"]
    for rule, change in (
        ("MASTER instance fleet cannot be resized", {"InstanceFleetId": primary, "TargetOnDemandCapacity": 2}),
        ("'if-NOTTHERE' is not valid", {"InstanceFleetId": "if-NOTTHERE", "TargetOnDemandCapacity": 2}),
        ("must be specified", {"InstanceFleetId": core}),
        (
            "SpotResizeSpecification must be between 5 and 10080",
            {
                "InstanceFleetId": core,
                "ResizeSpecifications": {"SpotResizeSpecification": {"TimeoutDurationMinutes": 4}},
            },
        ),
        (
            "WeightedCapacity must be 1",
            {"InstanceFleetId": core, "InstanceTypeConfigs": [{**SMALL, "WeightedCapacity": 0}]},
        ),
    ):
        assert rule in refused(region.emr.modify_instance_fleet, ClusterId=of_fleets, InstanceFleet=change)
    assert listed(region, of_fleets)["CORE"]["TargetOnDemandCapacity"] == 1


def test_policies_of_groups_are_not_for_fleets(region: Region, of_fleets: str) -> None:
    policy = {"Constraints": {"MinCapacity": 1, "MaxCapacity": 2}, "Rules": []}
    message = refused(
        region.emr.put_auto_scaling_policy,
        "ValidationException",
        ClusterId=of_fleets,
        InstanceGroupId="ig-1",
        AutoScalingPolicy=policy,
    )
    assert "not for instance fleets" in message
