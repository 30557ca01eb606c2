"""What EMR refuses, in its codes: the older verbs by ValidationException, the newer by InvalidRequestException."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import clusters_of
from tests.integration.emulator.region import CORE, MASTER, TASK, Region, request, shell

VOLUME = {"VolumeType": "gp3", "SizeInGB": 32}


def groups(*groups: Mapping[str, Any]) -> dict[str, Any]:
    return {"instances": {"InstanceGroups": list(groups)}}


def with_volume(count: int = 1, **volume: Any) -> dict[str, Any]:
    device = {"VolumesPerInstance": count, "VolumeSpecification": {**VOLUME, **volume}}
    return groups({**MASTER, "EbsConfiguration": {"EbsBlockDeviceConfigs": [device]}})


def applications(*names: str) -> dict[str, Any]:
    return {"Applications": [{"Name": name} for name in names]}


def tag(key: str, value: str = "") -> dict[str, Any]:
    return {"Tags": [{"Key": key, "Value": value}]}


def big(characters: int) -> dict[str, Any]:
    """A step whose strings have so many characters in all."""
    strings = {"Jar": "command-runner.jar", "Args": ["a" * 100], "Properties": [{"Key": "k" * 10, "Value": "v" * 10}]}
    rest = characters - len("command-runner.jar") - 120
    return {**shell(""), "HadoopJarStep": {**strings, "MainClass": "M" * rest}}


def with_ebs(config: Mapping[str, Any], size: int, *, optimized: bool = False, **volume: Any) -> dict[str, Any]:
    devices = [{"VolumeSpecification": {**VOLUME, "SizeInGB": size, **volume}}]
    return {**config, "EbsConfiguration": {"EbsBlockDeviceConfigs": devices, "EbsOptimized": optimized}}


TYPE = {"InstanceType": "m5.xlarge"}
PRIMARY = {"InstanceFleetType": "MASTER", "TargetOnDemandCapacity": 1, "InstanceTypeConfigs": [TYPE]}


def fleets(*fleets: Mapping[str, Any], **instances: Any) -> dict[str, Any]:
    return {"instances": {"InstanceGroups": [], "InstanceFleets": list(fleets), **instances}}


def fleet(*types: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    base = {"InstanceFleetType": "CORE", "TargetOnDemandCapacity": 1, "InstanceTypeConfigs": list(types or [TYPE])}
    return {**base, **more}


def types(count: int) -> list[dict[str, Any]]:
    """So many, of which the first are as old as the oldest releases."""
    families, sizes = (
        ("r3", "c3", "i2", "c4", "r4", "m5", "r5", "r5a", "m5a"),
        ("xlarge", "2xlarge", "4xlarge", "8xlarge"),
    )
    return [{"InstanceType": f"{family}.{size}"} for family in families for size in sizes][:count]


def strategy(name: str) -> dict[str, Any]:
    return {"LaunchSpecifications": {"OnDemandSpecification": {"AllocationStrategy": name}}}


def spot(**specification: Any) -> dict[str, Any]:
    least = {"TimeoutDurationMinutes": 5, "TimeoutAction": "TERMINATE_CLUSTER"}
    return {"LaunchSpecifications": {"SpotSpecification": {**least, **specification}}}


def uploads(**policies: str) -> dict[str, Any]:
    return {"MonitoringConfiguration": {"S3LoggingConfiguration": {"LogTypeUploadPolicy": policies}}}


def cloud_watch(**types: list[str]) -> dict[str, Any]:
    logs = {"MonitoringConfiguration": {"CloudWatchLogConfiguration": {"Enabled": True, "LogTypes": types}}}
    return {**logs, **applications("AmazonCloudWatchAgent"), "ReleaseLabel": "emr-7.11.0"}


KERBEROS = {"Realm": "EC2.INTERNAL", "KdcAdminPassword": "secret"}
ROLE = "arn:aws:iam::123456789012:role/runtime"
MANAGED = {"ComputeLimits": {"UnitType": "Instances", "MinimumCapacityUnits": 1, "MaximumCapacityUnits": 2}}
SCALING_RULE = {
    "Name": "out",
    "Action": {"SimpleScalingPolicyConfiguration": {"ScalingAdjustment": 1}},
    "Trigger": {
        "CloudWatchAlarmDefinition": {
            "ComparisonOperator": "LESS_THAN",
            "MetricName": "YARNMemoryAvailablePercentage",
            "Period": 300,
            "Threshold": 15.0,
        }
    },
}
AUTOMATIC = {"Constraints": {"MinCapacity": 1, "MaxCapacity": 2}, "Rules": [SCALING_RULE]}
ROOT_VOLUME = ("EbsRootVolumeIops", "EbsRootVolumeThroughput")
BOOTSTRAP = {"Name": "b", "ScriptBootstrapAction": {"Path": "s3://scripts/b.sh"}}
SPARK_8 = {"ReleaseLabel": "emr-spark-8.0.0"}
OLD_FORM = {"InstanceGroups": [], "MasterInstanceType": "m5.xlarge", "InstanceCount": 3}
IMAGE = {"CustomAmiId": "ami-1"}
SECURITY_GROUP = {"EmrManagedMasterSecurityGroup": "sg-1"}

REFUSED: list[tuple[str, dict[str, Any]]] = [
    # name and release
    ("name must not be empty", {"Name": ""}),
    *((f"name must not contain {re.escape(sign)}", {"Name": f"a{sign}b"}) for sign in "<>$|`"),
    ("'name' failed to satisfy constraint: .* less than or equal to 256", {"Name": "n" * 257}),
    ("'name' failed to satisfy constraint: .* pattern", {"Name": "a\x00b"}),
    ("ReleaseLabel is required", {"ReleaseLabel": None}),
    ("cannot be specified together", {"AmiVersion": "3.11.0"}),
    *(
        ("release label is invalid", {"ReleaseLabel": label})
        for label in ("emr-7", "7.10.0", "emr-7.99.0", "emr-9.99.0", "emr-3.1.0", "emr-4.8.0", "emr-7.10.0-x")
    ),
    ("release label is invalid", {"ReleaseLabel": "emr-spark-7.0.0"}),
    ("ServiceRole", {"ServiceRole": None}),
    ("JobFlowRole", {"JobFlowRole": None}),
    # applications
    ("does not support the application Sparkle", applications("Sparkle")),
    ("emr-7.10.0 does not support the application Ganglia", applications("Ganglia")),
    ("emr-7.10.0 does not support the application sqoop", applications("sqoop")),
    ("does not support the application PrestoSQL", applications("PrestoSQL")),
    ("does not support the application Trino", {**applications("Trino"), "ReleaseLabel": "emr-6.3.0"}),
    ("Presto and Trino", applications("Presto", "Trino")),
    *(
        (f"emr-spark-8.0.0 does not support the application {name}", {**applications(name), **SPARK_8})
        for name in ("Hadoop", "Hive", "Trino")
    ),
    ("Presto and Trino", {**applications("Presto", "PrestoSQL"), "ReleaseLabel": "emr-6.3.0"}),
    # instances
    ("Instance groups, instance fleets, or", {"instances": {"InstanceGroups": []}}),
    ("Instance groups, instance fleets, or", {"instances": {**OLD_FORM, "InstanceCount": -1}}),
    ("instance type large is invalid", {"instances": {**OLD_FORM, "MasterInstanceType": "large"}}),
    ("instance type large is invalid", {"instances": {**OLD_FORM, "SlaveInstanceType": "large"}}),
    *(
        (rf"Instance type '{kind}' is not supported on emr-7\.10\.0", groups({**MASTER, "InstanceType": kind}))
        for kind in ("m5.xlrge", "t3.medium", "r5.large")
    ),
    ("Instance type 'r5.large' is not supported", {"instances": {**OLD_FORM, "SlaveInstanceType": "r5.large"}}),
    ("Instance type 'm5.xlarge' is not supported on emr-4.8.5", {"ReleaseLabel": "emr-4.8.5"}),
    (
        "Instance type 't3.xlarge' is not supported",
        fleets({**PRIMARY, "InstanceTypeConfigs": [{"InstanceType": "t3.xlarge"}]}),
    ),
    ("0 to 2,000", {"instances": {**OLD_FORM, "InstanceCount": 2002}}),
    ("cannot be specified with InstanceGroups", {"instances": {"MasterInstanceType": "m5.xlarge"}}),
    ("InstanceGroups and InstanceFleets cannot", {"instances": {"InstanceFleets": [PRIMARY]}}),
    ("cannot be specified with InstanceFleets", fleets(PRIMARY, MasterInstanceType="m5.xlarge")),
    ("Ec2SubnetId and Ec2SubnetIds", {"instances": {"Ec2SubnetId": "subnet-1", "Ec2SubnetIds": ["subnet-2"]}}),
    ("Several subnets", {"instances": {"Ec2SubnetIds": ["subnet-1", "subnet-2"]}}),
    ("Placement", {"instances": {"Ec2SubnetId": "subnet-1", "Placement": {"AvailabilityZone": "z"}}}),
    ("Placement", fleets(PRIMARY, Ec2SubnetIds=["subnet-1"], Placement={"AvailabilityZones": ["y", "z"]})),
    ("Several Availability Zones", {"instances": {"Placement": {"AvailabilityZones": ["y", "z"]}}}),
    (
        "AvailabilityZone and AvailabilityZones",
        fleets(PRIMARY, Placement={"AvailabilityZone": "x", "AvailabilityZones": ["y"]}),
    ),
    *(
        (f"Availability Zone {zone} is invalid", {"instances": {"Placement": {"AvailabilityZone": zone}}})
        for zone in ("us-east-1", "eu-west-1a", "east")
    ),
    ("Availability Zone eu-west-1b is invalid", fleets(PRIMARY, Placement={"AvailabilityZones": ["eu-west-1b"]})),
    ("EmrManagedSlaveSecurityGroup must", {"instances": SECURITY_GROUP}),
    ("exactly one MASTER", groups(CORE)),
    ("exactly one MASTER", groups(MASTER, MASTER)),
    ("at most one CORE", groups(MASTER, CORE, CORE)),
    ("at most 48 TASK", groups(MASTER, CORE, *[TASK] * 49)),
    ("needs a CORE", groups(MASTER, TASK)),
    ("1 or 3 instances", groups({**MASTER, "InstanceCount": 2})),
    ("0 to 2,000", groups(MASTER, {**CORE, "InstanceCount": -1})),
    ("0 to 2,000", groups(MASTER, {**CORE, "InstanceCount": 2001})),
    ("instance type large is invalid", groups({**MASTER, "InstanceType": "large"})),
    ("BidPrice is for the SPOT market", groups({**MASTER, "BidPrice": "0.1"})),
    ("BidPrice 'cheap' is invalid", groups({**MASTER, "Market": "SPOT", "BidPrice": "cheap"})),
    ("enum value set", groups({**MASTER, "Market": "FREE"})),
    ("from emr-5.23.0", {**groups({**MASTER, "InstanceCount": 3}), "ReleaseLabel": "emr-5.22.0"}),
    ("volume type io2 is not supported", with_volume(VolumeType="io2")),
    ("1 to 1,024 GiB", with_volume(SizeInGB=1025)),
    ("1 to 1,024 GiB", with_volume(SizeInGB=0)),
    ("Throughput can only", with_volume(VolumeType="gp2", Throughput=125)),
    *(("between 125 and 1,000", with_volume(Throughput=throughput)) for throughput in (124, 1001)),
    ("at most 25 EBS volumes", with_volume(26)),
    ("VolumesPerInstance must be at least 1", with_volume(0)),
    *(("gp3 volume are between 3,000 and 16,000", with_volume(Iops=iops)) for iops in (2999, 16_001)),
    ("at most 500 for each GiB", with_volume(SizeInGB=10, Iops=5001)),
    ("at most 50 for each GiB", with_volume(VolumeType="io1", SizeInGB=10, Iops=501)),
    ("Iops is required for io1", with_volume(VolumeType="io1")),
    ("Iops can only be specified", with_volume(VolumeType="gp2", Iops=3000)),
    ("EBS-optimized instance has at least 10", groups(with_ebs(MASTER, 9, optimized=True))),
    ("CORE instance has at least 5", groups(MASTER, with_ebs(CORE, 4))),
    # instance fleets
    ("not supported in emr-5.0.x", {**fleets(PRIMARY), "ReleaseLabel": "emr-5.0.3"}),
    ("from emr-4.8.0", {**fleets(PRIMARY), "ReleaseLabel": "emr-4.6.0"}),
    ("exactly one MASTER instance fleet", fleets(fleet())),
    ("at most one MASTER instance fleet", fleets(PRIMARY, PRIMARY)),
    ("at most one CORE instance fleet", fleets(PRIMARY, fleet(), fleet())),
    ("needs a CORE instance fleet", fleets(PRIMARY, fleet(InstanceFleetType="TASK"))),
    ("target capacity of exactly 1", fleets({**PRIMARY, "TargetOnDemandCapacity": 2})),
    ("target capacity of exactly 1", fleets({**PRIMARY, "TargetSpotCapacity": 1})),
    ("target capacity of exactly 1", fleets({**PRIMARY, "TargetOnDemandCapacity": 0})),
    ("At least one of TargetOnDemandCapacity", fleets(PRIMARY, fleet(TargetOnDemandCapacity=0))),
    ("at least one of InstanceTypeConfigs", fleets({**PRIMARY, "InstanceTypeConfigs": []})),
    ("at most 5 instance types", fleets(PRIMARY, fleet(*types(6)))),
    ("at most 30 instance types", fleets(PRIMARY, fleet(*types(31), **strategy("lowest-price")))),
    ("only once in a fleet", fleets(PRIMARY, fleet(*types(1), *types(1)))),
    ("WeightedCapacity must be 1 or greater", fleets(PRIMARY, fleet({**TYPE, "WeightedCapacity": 0}))),
    ("in a MASTER instance fleet is 1", fleets({**PRIMARY, "InstanceTypeConfigs": [{**TYPE, "WeightedCapacity": 2}]})),
    ("instance type huge is invalid", fleets(PRIMARY, fleet({"InstanceType": "huge"}))),
    ("BidPrice '-1' is invalid", fleets(PRIMARY, fleet({**TYPE, "BidPrice": "-1"}))),
    (
        "BidPrice and BidPriceAsPercentageOfOnDemandPrice",
        fleets(PRIMARY, fleet({**TYPE, "BidPrice": "1", "BidPriceAsPercentageOfOnDemandPrice": 50.0})),
    ),
    ("volume type io2", fleets(PRIMARY, fleet(with_ebs(TYPE, 10, VolumeType="io2")))),
    ("CORE instance has at least 5", fleets(PRIMARY, fleet(with_ebs(TYPE, 4)))),
    *(
        ("SpotSpecification must be between 5 and 1440", fleets(PRIMARY, fleet(**spot(TimeoutDurationMinutes=minutes))))
        for minutes in (4, 1441)
    ),
    ("BlockDurationMinutes must be one of 60", fleets(PRIMARY, fleet(**spot(BlockDurationMinutes=61)))),
    (
        "OnDemandResizeSpecification must be between 5 and 10080",
        fleets(
            PRIMARY,
            fleet(ResizeSpecifications={"OnDemandResizeSpecification": {"TimeoutDurationMinutes": 10_081}}),
        ),
    ),
    ("from emr-5.12.1", {**fleets(PRIMARY, fleet(**strategy("lowest-price"))), "ReleaseLabel": "emr-5.12.0"}),
    # scaling
    ("from emr-5.30.0", {"ManagedScalingPolicy": MANAGED, "ReleaseLabel": "emr-5.29.0"}),
    ("except in emr-6.0.0", {"ManagedScalingPolicy": MANAGED, "ReleaseLabel": "emr-6.0.0"}),
    ("needs ComputeLimits", {"ManagedScalingPolicy": {}}),
    ("InstanceFleetUnits for instance fleets", {**fleets(PRIMARY), "ManagedScalingPolicy": MANAGED}),
    ("AutoScalingRole, which RunJobFlow sets", groups(MASTER, {**CORE, "AutoScalingPolicy": AUTOMATIC})),
    ("not for MASTER", {**groups({**MASTER, "AutoScalingPolicy": AUTOMATIC}), "AutoScalingRole": "r"}),
    (
        "not both",
        {
            **groups(MASTER, {**CORE, "AutoScalingPolicy": AUTOMATIC}),
            "AutoScalingRole": "r",
            "ManagedScalingPolicy": MANAGED,
        },
    ),
    ("from emr-5.1.0", {"ScaleDownBehavior": "TERMINATE_AT_INSTANCE_HOUR", "ReleaseLabel": "emr-5.0.0"}),
    # security
    ("KerberosAttributes need a SecurityConfiguration", {"KerberosAttributes": KERBEROS}),
    ("runtime role needs a SecurityConfiguration", {"StepExecutionRoleArn": ROLE}),
    ("runtime role is supported from emr-6.7.0", {"StepExecutionRoleArn": ROLE, "ReleaseLabel": "emr-6.6.0"}),
    (
        "runtime role is not supported on a cluster with three primary",
        {"StepExecutionRoleArn": ROLE, **groups({**MASTER, "InstanceCount": 3})},
    ),
    # logs
    ("from emr-5.30.0", {"LogEncryptionKmsKeyId": "k", "ReleaseLabel": "emr-5.29.0"}),
    ("except in emr-6.0.0", {"LogEncryptionKmsKeyId": "k", "ReleaseLabel": "emr-6.0.0"}),
    ("persistent-ui-logs cannot be on-customer-s3only", uploads(**{"persistent-ui-logs": "on-customer-s3only"})),
    ("on-customer-s3only needs a LogUri", uploads(**{"system-logs": "on-customer-s3only"})),
    (
        "LogUri cannot be specified when system-logs",
        {**uploads(**{"system-logs": "disabled", "application-logs": "disabled"}), "LogUri": "s3://logs/"},
    ),
    ("enum value set", uploads(**{"system-logs": "sometimes"})),
    ("from emr-7.11.0", {**cloud_watch(), "ReleaseLabel": "emr-7.10.0"}),
    ("needs the application AmazonCloudWatchAgent", {**cloud_watch(), **applications("Spark")}),
    ("log type LOGS is invalid", cloud_watch(LOGS=["STDOUT"])),
    ("file STDIN of log type STEP_LOGS is invalid", cloud_watch(STEP_LOGS=["STDIN"])),
    # software and volumes
    ("SupportedProducts is for AMI versions", {"SupportedProducts": ["mapr-m3"]}),
    ("NewSupportedProducts is for AMI versions", {"NewSupportedProducts": [{"Name": "hue"}]}),
    *(
        ("from emr-5.7.0", {**part, "ReleaseLabel": "emr-5.6.0"})
        for part in (IMAGE, groups({**MASTER, **IMAGE}), fleets(PRIMARY, fleet({**TYPE, **IMAGE})))
    ),
    *(("from emr-6.15.0", {member: 200, "ReleaseLabel": "emr-6.14.0"}) for member in ROOT_VOLUME),
    ("EbsRootVolumeSize must be at least 1", {"EbsRootVolumeSize": 0}),
    ("only the InstanceRole MASTER", {"PlacementGroupConfigs": [{"InstanceRole": "CORE"}]}),
    (
        "only the InstanceRole MASTER",
        {"PlacementGroupConfigs": [{"InstanceRole": "MASTER", "PlacementStrategy": "CLUSTER"}]},
    ),
    ("from emr-5.23.0", {"PlacementGroupConfigs": [{"InstanceRole": "MASTER"}], "ReleaseLabel": "emr-5.22.0"}),
    # the rest of a cluster
    ("between 1 and 256, not 257", {"StepConcurrencyLevel": 257}),
    ("between 1 and 256, not 0", {"StepConcurrencyLevel": 0}),
    ("from emr-5.28.0", {"StepConcurrencyLevel": 2, "ReleaseLabel": "emr-5.27.0"}),
    ("at most 16 bootstrap actions", {"BootstrapActions": [BOOTSTRAP] * 17}),
    ("LogUri must be an S3 address", {"LogUri": "/var/log"}),
    ("between 60 and 604800", {"AutoTerminationPolicy": {"IdleTimeout": 59}}),
    ("between 60 and 604800", {"AutoTerminationPolicy": {"IdleTimeout": 604_801}}),
    ("from emr-5.30.0", {"AutoTerminationPolicy": {"IdleTimeout": 60}, "ReleaseLabel": "emr-5.29.0"}),
    ("from emr-5.30.0", {"AutoTerminationPolicy": {"IdleTimeout": 60}, "ReleaseLabel": "emr-6.0.0"}),
    ("tag key '' is invalid", tag("")),
    ("tag key 'k{129}' is invalid", tag("k" * 129)),
    ("aws: is reserved", tag("aws:owner")),
    (r"tag key 'a\*' is invalid", tag("a*")),
    ("tag value 'v{257}' is invalid", tag("k", "v" * 257)),
    ("tag value 'a;b' is invalid", tag("k", "a;b")),
    ("at most 50 tags", {"Tags": [{"Key": f"k{number}", "Value": ""} for number in range(51)]}),
]


@pytest.fixture(scope="module")
def standing(region: Region) -> str:
    """A cluster that waits."""
    cluster = region.run()
    region.wait(cluster, "WAITING")
    return cluster


@pytest.fixture(scope="module")
def ended(region: Region) -> str:
    """A cluster that has ended."""
    cluster = region.run()
    region.end(cluster)
    return cluster


def refusal(call: Any, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]


@pytest.mark.parametrize(("rule", "changes"), REFUSED)
def test_a_cluster_that_breaks_a_rule_is_refused(region: Region, rule: str, changes: dict[str, Any]) -> None:
    code, message = refusal(region.emr.run_job_flow, **request(**changes))
    assert code == "ValidationException"
    assert re.search(rule, message), message


def test_a_refused_cluster_does_not_exist(emulator: Any) -> None:
    region = Region(emulator.url)
    refusal(region.emr.run_job_flow, **request(Name="<>"))
    assert region.emr.list_clusters()["Clusters"] == []


def test_what_is_just_allowed_is_accepted(region: Region) -> None:
    accepted = [
        region.run(Name="n" * 256, Tags=[{"Key": f"k{number}" * 20, "Value": "ü+-=._:/@ "} for number in range(50)]),
        region.run(big(10_240)),
        region.run(StepConcurrencyLevel=256, ReleaseLabel="emr-5.28.0"),
        region.run(AutoTerminationPolicy={"IdleTimeout": 60}, ReleaseLabel="emr-6.1.0"),
        region.run(BootstrapActions=[], **groups(MASTER, CORE, *[TASK] * 48)),
        region.run(**with_volume(25, Throughput=1000), **applications("SPARK", "hive")),
        region.run(**with_volume(VolumeType="io1", SizeInGB=10, Iops=500)),
        region.run(**groups(MASTER, with_ebs(CORE, 10, optimized=True), with_ebs(TASK, 1))),
        region.run(**fleets({**PRIMARY, "InstanceTypeConfigs": types(1)}, fleet(*types(5))), ReleaseLabel="emr-5.1.0"),
        region.run(**fleets(PRIMARY, fleet(*types(30), **strategy("prioritized")))),
        region.run(**fleets(PRIMARY, fleet(**spot(TimeoutDurationMinutes=1440, BlockDurationMinutes=360)))),
        region.run(ManagedScalingPolicy=MANAGED, ReleaseLabel="emr-5.30.0"),
        region.run(
            LogEncryptionKmsKeyId="k", EbsRootVolumeThroughput=125, EbsRootVolumeIops=3000, ReleaseLabel="emr-6.15.0"
        ),
        region.run(*[shell("true")] * 256),
    ]
    assert {cluster["Id"] for cluster in clusters_of(region.emr)} == set(accepted)


# --- clusters and steps that are not there, or not any more

STEP = {"StepId": "s-1"}
ON_A_CLUSTER: list[tuple[str, dict[str, Any]]] = [
    ("describe_cluster", {}),
    ("list_steps", {}),
    ("describe_step", STEP),
    ("cancel_steps", {"StepIds": ["s-1"]}),
    ("list_instance_groups", {}),
    ("list_instances", {}),
    ("list_instance_fleets", {}),
    ("add_instance_fleet", {"InstanceFleet": fleet()}),
    ("modify_instance_fleet", {"InstanceFleet": {"InstanceFleetId": "if-1"}}),
    ("list_bootstrap_actions", {}),
]
OLD_VERBS: list[tuple[str, str, dict[str, Any]]] = [
    ("add_job_flow_steps", "JobFlowId", {"Steps": [shell("true")]}),
    ("put_auto_termination_policy", "ClusterId", {"AutoTerminationPolicy": {"IdleTimeout": 60}}),
    ("get_auto_termination_policy", "ClusterId", {}),
    ("remove_auto_termination_policy", "ClusterId", {}),
    ("add_instance_groups", "JobFlowId", {"InstanceGroups": [TASK]}),
    ("modify_instance_groups", "ClusterId", {"InstanceGroups": [{"InstanceGroupId": "ig-1"}]}),
    ("put_managed_scaling_policy", "ClusterId", {"ManagedScalingPolicy": MANAGED}),
    ("get_managed_scaling_policy", "ClusterId", {}),
    ("remove_managed_scaling_policy", "ClusterId", {}),
    ("put_auto_scaling_policy", "ClusterId", {"InstanceGroupId": "ig-1", "AutoScalingPolicy": AUTOMATIC}),
    ("remove_auto_scaling_policy", "ClusterId", {"InstanceGroupId": "ig-1"}),
]
CHANGES: list[tuple[str, str, dict[str, Any], str]] = [
    *((verb, member, more, "ValidationException") for verb, member, more in OLD_VERBS if not verb.startswith("get")),
    ("add_tags", "ResourceId", {"Tags": [{"Key": "k"}]}, "InvalidRequestException"),
    ("remove_tags", "ResourceId", {"TagKeys": ["k"]}, "InvalidRequestException"),
]


@pytest.mark.parametrize(("verb", "parameters"), ON_A_CLUSTER)
def test_a_new_verb_knows_no_such_cluster(region: Region, verb: str, parameters: dict[str, Any]) -> None:
    code, message = refusal(getattr(region.emr, verb), ClusterId="j-NOTTHERE", **parameters)
    assert (code, message) == ("InvalidRequestException", "Cluster id 'j-NOTTHERE' is not valid.")


@pytest.mark.parametrize("verb", ["add_tags", "remove_tags"])
def test_no_such_cluster_has_tags(region: Region, verb: str) -> None:
    what: dict[str, Any] = {"Tags": [{"Key": "k"}]} if verb == "add_tags" else {"TagKeys": ["k"]}
    code, message = refusal(getattr(region.emr, verb), ResourceId="j-NOTTHERE", **what)
    assert (code, message) == ("InvalidRequestException", "Cluster id 'j-NOTTHERE' is not valid.")


@pytest.mark.parametrize(("verb", "member", "parameters"), OLD_VERBS)
def test_an_old_verb_knows_no_such_cluster(region: Region, verb: str, member: str, parameters: dict[str, Any]) -> None:
    code, message = refusal(getattr(region.emr, verb), **{member: "j-NOTTHERE"}, **parameters)
    assert (code, message) == ("ValidationException", "Specified job flow ID does not exist.")


@pytest.mark.parametrize("verb", ["terminate_job_flows", "set_termination_protection"])
def test_one_unknown_cluster_among_several_is_refused_and_nothing_done(
    region: Region, standing: str, verb: str
) -> None:
    more = {"TerminationProtected": True} if verb == "set_termination_protection" else {}
    code, message = refusal(getattr(region.emr, verb), JobFlowIds=[standing, "j-NOTTHERE"], **more)
    assert (code, message) == ("ValidationException", "Specified job flow ID does not exist.")
    assert region.describe(standing)["Status"]["State"] == "WAITING"
    assert region.describe(standing)["TerminationProtected"] is False
    for ids in ([], [standing] * 11):
        code, message = refusal(getattr(region.emr, verb), JobFlowIds=ids, **more)
        assert (code, message) == ("ValidationException", "1 to 10 job flow ids can be specified.")


@pytest.mark.parametrize(("verb", "member", "parameters", "expected"), CHANGES)
def test_a_cluster_that_has_ended_is_not_changed(
    region: Region, ended: str, verb: str, member: str, parameters: dict[str, Any], expected: str
) -> None:
    code, message = refusal(getattr(region.emr, verb), **{member: ended}, **parameters)
    assert code == expected
    if verb == "modify_instance_groups":
        assert message == "An instance group may only be modified when the cluster is running or waiting."
    else:
        assert message == "A job flow that is shutting down, terminated, or finished may not be modified."


def test_a_cluster_that_has_ended_is_not_protected(region: Region, ended: str) -> None:
    code, _ = refusal(region.emr.set_termination_protection, JobFlowIds=[ended], TerminationProtected=True)
    assert code == "ValidationException"


def test_steps_that_are_not_there(region: Region, standing: str) -> None:
    for call, parameters in ((region.emr.describe_step, STEP), (region.emr.list_steps, {"StepIds": ["s-1"]})):
        code, message = refusal(call, ClusterId=standing, **parameters)
        assert (code, message) == ("InvalidRequestException", "Step id 's-1' is not valid.")
    code, message = refusal(region.emr.add_job_flow_steps, JobFlowId=standing, Steps=[])
    assert (code, message) == ("ValidationException", "At least one step is required.")


@pytest.mark.parametrize("marker", ["", "x", "LTU=", "é", "MQ"])
@pytest.mark.parametrize("verb", ["list_steps", "list_instances", "list_instance_groups", "list_bootstrap_actions"])
def test_a_marker_that_no_answer_gave_is_refused(region: Region, standing: str, verb: str, marker: str) -> None:
    code, message = refusal(getattr(region.emr, verb), ClusterId=standing, Marker=marker)
    assert (code, message) == ("InvalidRequestException", "The marker is not valid.")
    assert refusal(region.emr.list_clusters, Marker=marker)[0] == "InvalidRequestException"


def test_instance_fleets_are_not_listed_on_a_cluster_of_groups(region: Region, standing: str) -> None:
    code, _ = refusal(region.emr.list_instances, ClusterId=standing, InstanceFleetType="MASTER")
    assert code == "InvalidRequestException"
