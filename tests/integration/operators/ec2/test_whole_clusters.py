"""What our specs ask for is what the service makes: every member of RunJobFlow, sent as the hook sends it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster, InstanceFleets
from airflow_emr_pipelines.specs.ec2.render.cluster import render_cluster
from tests.boto3_of import knows
from tests.unit.specs.whole_clusters import BY_RULES, EACH, IN_FLEETS, IN_GROUPS, STEP, WITH_ROLE

KDC = {"Provider": "ClusterDedicatedKdc", "ClusterDedicatedKdcConfiguration": {"TicketLifetimeInHours": 24}}
SECURITY = {
    "strict": {"AuthenticationConfiguration": {"KerberosConfiguration": KDC}},
    "roles": {"AuthorizationConfiguration": {"IAMConfiguration": {"EnableApplicationScopedIAMRole": True}}},
}
pytestmark = knows("RunJobFlowInput", "SessionEnabled")
Make = Callable[[EmrCluster], str]


@pytest.fixture
def make(emr: Any) -> Iterator[Make]:
    """Makes a cluster of a spec, and ends it."""
    made: list[str] = []
    there = {each["Name"] for each in emr.list_security_configurations()["SecurityConfigurations"]}
    for name in SECURITY.keys() - there:
        emr.create_security_configuration(Name=name, SecurityConfiguration=json.dumps(SECURITY[name]))

    def run(cluster: EmrCluster) -> str:
        steps = [STEP] if cluster is WITH_ROLE else []
        request = render_cluster(cluster, steps=steps, reveal=lambda secret: f"the password of {secret.conn_id}")
        made.append(emr.run_job_flow(**request)["JobFlowId"])
        return made[-1]

    yield run
    for cluster_id in made:
        emr.set_termination_protection(JobFlowIds=[cluster_id], TerminationProtected=False)
        emr.terminate_job_flows(JobFlowIds=[cluster_id])


@pytest.mark.parametrize("cluster", EACH, ids=lambda cluster: cluster.name)
def test_a_cluster_is_as_its_spec_says(emr: Any, make: Make, cluster: EmrCluster) -> None:
    told = emr.describe_cluster(ClusterId=make(cluster))["Cluster"]
    assert told["Name"] == cluster.name
    assert told["ReleaseLabel"] == cluster.release_label
    in_fleets = isinstance(cluster.instances, InstanceFleets)
    assert told["InstanceCollectionType"] == ("INSTANCE_FLEET" if in_fleets else "INSTANCE_GROUP")
    assert told.get("SecurityConfiguration") == cluster.security_configuration
    assert told.get("AutoScalingRole") == cluster.auto_scaling_role
    assert told.get("CustomAmiId") == cluster.custom_ami_id
    assert told.get("LogEncryptionKmsKeyId") == cluster.log_encryption_kms_key_id


def test_fleets_have_the_targets_and_weights_of_the_spec(emr: Any, make: Make) -> None:
    fleets = {
        fleet["InstanceFleetType"]: fleet
        for fleet in emr.list_instance_fleets(ClusterId=make(IN_FLEETS))["InstanceFleets"]
    }
    targets = {role: (fleet["TargetOnDemandCapacity"], fleet["TargetSpotCapacity"]) for role, fleet in fleets.items()}
    assert targets == {"MASTER": (1, 0), "CORE": (4, 8), "TASK": (0, 1)}
    weights = {kind["InstanceType"]: kind["WeightedCapacity"] for kind in fleets["CORE"]["InstanceTypeSpecifications"]}
    assert weights == {"m5.xlarge": 2, "r5.xlarge": 4}
    spot = fleets["CORE"]["LaunchSpecifications"]["SpotSpecification"]
    assert (spot["TimeoutDurationMinutes"], spot["TimeoutAction"]) == (30, "SWITCH_TO_ON_DEMAND")


def test_managed_scaling_is_the_specs(emr: Any, make: Make) -> None:
    policy = emr.get_managed_scaling_policy(ClusterId=make(IN_GROUPS))["ManagedScalingPolicy"]
    assert policy["ComputeLimits"] == {
        "UnitType": "Instances",
        "MinimumCapacityUnits": 1,
        "MaximumCapacityUnits": 9,
        "MaximumOnDemandCapacityUnits": 2,
        "MaximumCoreCapacityUnits": 3,
    }
    assert (policy["ScalingStrategy"], policy["UtilizationPerformanceIndex"]) == ("ADVANCED", 75)


def test_automatic_scaling_is_the_specs_and_of_the_cluster_that_was_made(emr: Any, make: Make) -> None:
    cluster_id = make(BY_RULES)
    groups = emr.list_instance_groups(ClusterId=cluster_id)["InstanceGroups"]
    (core,) = (group for group in groups if group["InstanceGroupType"] == "CORE")
    policy = core["AutoScalingPolicy"]
    assert policy["Constraints"] == {"MinCapacity": 1, "MaxCapacity": 9}
    (rule,) = policy["Rules"]
    alarm = rule["Trigger"]["CloudWatchAlarmDefinition"]
    assert (rule["Name"], alarm["MetricName"], alarm["Period"]) == ("out", "ContainerPendingRatio", 300)
    assert alarm["Dimensions"][0]["Key"] == "JobFlowId"


def test_a_kerberized_cluster_has_its_realm(emr: Any, make: Make) -> None:
    told = emr.describe_cluster(ClusterId=make(IN_GROUPS))["Cluster"]["KerberosAttributes"]
    assert (told["Realm"], told["ADDomainJoinUser"]) == ("EC2.INTERNAL", "join")
