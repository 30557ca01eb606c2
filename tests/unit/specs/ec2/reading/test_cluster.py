from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.cluster import (
    BootstrapAction,
    EbsVolumes,
    EmrCluster,
    Group,
    InstanceFleets,
    InstanceGroups,
    RootVolume,
)
from airflow_emr_pipelines.specs.ec2.configurations import Configuration
from airflow_emr_pipelines.specs.ec2.fleets import (
    CapacityReservation,
    Fleet,
    InstanceTypeConfig,
    OnDemandProvisioning,
    SpotProvisioning,
)
from airflow_emr_pipelines.specs.ec2.kerberos import KerberosAttributes, Secret
from airflow_emr_pipelines.specs.ec2.reading.cluster import NEW
from airflow_emr_pipelines.specs.ec2.releases import lacks_idle_policy, numbers_of
from airflow_emr_pipelines.specs.ec2.render.cluster import Reveal, render_cluster
from airflow_emr_pipelines.specs.ec2.scaling import AutoScaling, ManagedScaling, ScalingRule
from tests.unit.specs.emr_model import EMR, faults
from tests.unit.specs.strategies import clusters
from tests.unit.specs.whole_clusters import EACH, STEP, WITH_ROLE

MASTER = {"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}


OLD_RELEASES = pytest.mark.filterwarnings("ignore:.*this release has no auto-termination policy")


def request(instances: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    asked = {"InstanceGroups": [MASTER], "KeepJobFlowAliveWhenNoSteps": True, **(instances or {})}
    return {"Name": "daily", "ReleaseLabel": "emr-7.10.0", "Instances": asked, **changes}


def kept(secret: Secret) -> Any:
    """A request that is not sent has the secret itself in it."""
    return secret


@OLD_RELEASES
@given(clusters)
def test_what_we_ask_for_is_read_back(cluster: EmrCluster) -> None:
    if not lacks_idle_policy(numbers_of(cluster.release_label) or NEW):
        cluster = dataclasses.replace(cluster, idle_timeout=cluster.idle_timeout or 3600)
    asked = render_cluster(cluster, reveal=kept)
    before = copy.deepcopy(asked)
    read = EmrCluster.from_request(asked)
    assert render_cluster(read, reveal=kept) == asked
    assert asked == before


@OLD_RELEASES
@given(clusters)
def test_what_is_read_from_json_is_the_same(cluster: EmrCluster) -> None:
    asked = json.loads(json.dumps(render_cluster(EmrCluster.from_request(render_cluster(cluster, reveal=kept)))))
    assert faults("RunJobFlow", asked) == []


STOCK = {
    "Name": "PiCalc",
    "ReleaseLabel": "emr-7.1.0",
    "Applications": [{"Name": "Spark"}],
    "Instances": {
        "InstanceGroups": [
            {
                "Name": "Primary node",
                "Market": "ON_DEMAND",
                "InstanceRole": "MASTER",
                "InstanceType": "m5.xlarge",
                "InstanceCount": 1,
            },
            {
                "Name": "Work",
                "Market": "SPOT",
                "BidPrice": "0.12",
                "InstanceRole": "TASK",
                "InstanceType": "m5.2xlarge",
                "InstanceCount": 4,
            },
            {"Name": "HDFS", "InstanceRole": "CORE", "InstanceType": "r5.xlarge", "InstanceCount": 2},
        ],
        "KeepJobFlowAliveWhenNoSteps": True,
        "TerminationProtected": False,
        "Ec2SubnetId": "subnet-0123456789abcdef0",
    },
    "VisibleToAllUsers": True,
    "JobFlowRole": "EMR_EC2_DefaultRole",
    "ServiceRole": "EMR_DefaultRole",
    "LogUri": "s3://logs/emr/",
    "Tags": [{"Key": "team", "Value": "data"}],
}
"""In the form of the stock operator's JOB_FLOW_OVERRIDES."""


def test_overrides_of_the_stock_operator() -> None:
    assert EmrCluster.from_request(STOCK) == EmrCluster(
        "PiCalc",
        "emr-7.1.0",
        InstanceGroups(
            Group("m5.xlarge", name="Primary node"),
            Group("r5.xlarge", 2, name="HDFS"),
            [Group("m5.2xlarge", 4, spot=True, bid_price="0.12", name="Work")],
        ),
        ec2_subnet_id="subnet-0123456789abcdef0",
        log_uri="s3://logs/emr/",
        tags={"team": "data"},
    )


def test_files_of_the_aws_cli() -> None:
    """instance-groups.json, bootstrap-actions.json and configurations.json of create-cluster."""
    groups = [
        {"InstanceGroupType": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1},
        {
            "InstanceGroupType": "CORE",
            "InstanceType": "m5.xlarge",
            "InstanceCount": 2,
            "BidPrice": "0.1",
            "EbsConfiguration": {
                "EbsOptimized": True,
                "EbsBlockDeviceConfigs": [
                    {"VolumeSpecification": {"VolumeType": "gp2", "SizeInGB": 100}, "VolumesPerInstance": 4},
                    {"VolumeSpecification": {"VolumeType": "io1", "SizeInGB": 100, "Iops": 100}},
                ],
            },
        },
        {"InstanceGroupType": "TASK", "InstanceType": "m5.xlarge", "InstanceCount": 3, "BidPrice": "OnDemandPrice"},
    ]
    actions = [{"Path": "s3://apps/install.sh", "Name": "Install", "Args": ["a"]}, {"Path": "s3://apps/other.sh"}]
    configurations = [
        {
            "Classification": "hadoop-env",
            "Properties": {},
            "Configurations": [{"Classification": "export", "Properties": {"JAVA_HOME": "/usr/lib/jvm/11"}}],
        }
    ]
    read = EmrCluster.from_request(
        request({"InstanceGroups": groups}, BootstrapActions=actions, Configurations=configurations)
    )
    volumes = (EbsVolumes(100, "gp2", per_instance=4), EbsVolumes(100, "io1", iops=100))
    assert read.instances == InstanceGroups(
        "m5.xlarge",
        Group("m5.xlarge", 2, spot=True, bid_price="0.1", ebs=volumes, ebs_optimized=True),
        [Group("m5.xlarge", 3, spot=True)],
    )
    assert read.bootstrap_actions == (
        BootstrapAction("Install", "s3://apps/install.sh", ["a"]),
        BootstrapAction("Bootstrap action", "s3://apps/other.sh"),
    )
    exported = Configuration("export", {"JAVA_HOME": "/usr/lib/jvm/11"})
    assert read.configurations == (Configuration("hadoop-env", configurations=[exported]),)


def test_fleets_of_the_aws_cli() -> None:
    """instance-fleets.json of create-cluster."""
    fleets = [
        {
            "Name": "Masterfleet",
            "InstanceFleetType": "MASTER",
            "TargetSpotCapacity": 1,
            "LaunchSpecifications": {
                "SpotSpecification": {"TimeoutDurationMinutes": 120, "TimeoutAction": "SWITCH_TO_ON_DEMAND"}
            },
            "InstanceTypeConfigs": [{"InstanceType": "m5.xlarge", "BidPrice": "0.89"}],
        },
        {
            "InstanceFleetType": "CORE",
            "TargetOnDemandCapacity": 20,
            "TargetSpotCapacity": 10,
            "LaunchSpecifications": {
                "OnDemandSpecification": {
                    "AllocationStrategy": "lowest-price",
                    "CapacityReservationOptions": {"CapacityReservationPreference": "none"},
                }
            },
            "InstanceTypeConfigs": [
                {
                    "InstanceType": "m5.xlarge",
                    "WeightedCapacity": 3,
                    "BidPriceAsPercentageOfOnDemandPrice": 20,
                    "Priority": 0.0,
                }
            ],
        },
    ]
    assert EmrCluster.from_request(request({"InstanceGroups": None, "InstanceFleets": fleets})).instances == (
        InstanceFleets(
            Fleet(
                [InstanceTypeConfig("m5.xlarge", bid_price="0.89")],
                spot=1,
                name="Masterfleet",
                spot_provisioning=SpotProvisioning(120, "SWITCH_TO_ON_DEMAND"),
            ),
            Fleet(
                [InstanceTypeConfig("m5.xlarge", 3, bid_price_percentage=20, priority=0)],
                on_demand=20,
                spot=10,
                on_demand_provisioning=OnDemandProvisioning(
                    "lowest-price", capacity_reservation=CapacityReservation("none", usage_strategy=None)
                ),
            ),
        )
    )


@pytest.mark.parametrize(
    ("simple", "instances"),
    [
        ({"MasterInstanceType": "m5.xlarge", "InstanceCount": 1}, InstanceGroups("m5.xlarge")),
        (
            {"MasterInstanceType": "m5.xlarge", "SlaveInstanceType": "r5.xlarge", "InstanceCount": "3"},
            InstanceGroups("m5.xlarge", Group("r5.xlarge", 2)),
        ),
        (
            {"MasterInstanceType": "m5.xlarge", "InstanceCount": 2},
            InstanceGroups("m5.xlarge", Group("m5.xlarge", 1)),
        ),
    ],
)
def test_the_short_form_of_instances(simple: dict[str, Any], instances: InstanceGroups) -> None:
    assert EmrCluster.from_request(request({"InstanceGroups": None, **simple})).instances == instances


def test_one_place_may_be_said_as_a_list() -> None:
    one = EmrCluster.from_request(request({"Ec2SubnetIds": ["subnet-0a1b2c3d"]}))
    assert (one.ec2_subnet_id, one.ec2_subnet_ids) == ("subnet-0a1b2c3d", ())
    zone = EmrCluster.from_request(request({"Placement": {"AvailabilityZones": ["eu-central-1a"]}}))
    assert zone.availability_zone == "eu-central-1a"
    with pytest.raises(InvalidSpec, match="instance groups are in one place"):
        EmrCluster.from_request(request({"Ec2SubnetIds": ["subnet-0a1b2c3d", "subnet-0a1b2c3e"]}))


def test_both_kinds_of_scaling_and_what_is_not_said_has_emrs_own_default() -> None:
    rule = {
        "Name": "out",
        "Action": {"SimpleScalingPolicyConfiguration": {"ScalingAdjustment": 2}},
        "Trigger": {
            "CloudWatchAlarmDefinition": {
                "ComparisonOperator": "LESS_THAN",
                "MetricName": "YARNMemoryAvailablePercentage",
                "Period": 300,
                "Threshold": 15,
                "Dimensions": [{"Key": "JobFlowId", "Value": "${emr.clusterId}"}],
            }
        },
    }
    policy = {"Constraints": {"MinCapacity": 1, "MaxCapacity": 9}, "Rules": [rule]}
    core = {**MASTER, "InstanceRole": "CORE", "AutoScalingPolicy": policy}
    read = EmrCluster.from_request(request({"InstanceGroups": [MASTER, core]}, AutoScalingRole="Scaling"))
    scaled = ScalingRule("out", "YARNMemoryAvailablePercentage", "LESS_THAN", 15, 2, cool_down=0)
    assert read.instances == InstanceGroups("m5.xlarge", Group("m5.xlarge", auto_scaling=AutoScaling(1, 9, [scaled])))

    limits = {"UnitType": "VCPU", "MinimumCapacityUnits": 2, "MaximumCapacityUnits": 20, "MaximumCoreCapacityUnits": 4}
    read = EmrCluster.from_request(request(ManagedScalingPolicy={"ComputeLimits": limits}))
    assert read.managed_scaling == ManagedScaling(2, 20, unit_type="VCPU", maximum_core=4)


def test_the_root_volume_and_the_rest_of_the_machine() -> None:
    read = EmrCluster.from_request(
        request(
            EbsRootVolumeSize=50,
            EbsRootVolumeIops=3000,
            CustomAmiId="ami-01234567",
            RepoUpgradeOnBoot="NONE",
            AdditionalInfo='{"a": 1}',
        )
    )
    assert read.root_volume == RootVolume(50, iops=3000)
    assert (read.custom_ami_id, read.repo_upgrade_on_boot) == ("ami-01234567", "NONE")
    assert read.additional_info == '{"a": 1}'


@pytest.mark.parametrize(
    ("release", "kept_alive", "policy", "idle_timeout"),
    [
        ("emr-7.10.0", True, None, 3600),
        ("emr-7.10.0", "true", None, 3600),
        ("emr-7.10.0", "false", None, 3600),
        ("{{ params.release }}", True, None, 3600),
        ("emr-7.10.0", True, {"IdleTimeout": 600}, 600),
        ("emr-7.10.0", True, {}, 3600),
        ("emr-7.10.0", False, None, 3600),
        ("emr-7.10.0", None, None, 3600),
        ("emr-7.10.0", False, {"IdleTimeout": 600}, 600),
    ],
)
def test_a_cluster_ends_when_the_request_says_or_when_it_is_idle(
    release: str, kept_alive: bool | str | None, policy: dict[str, int] | None, idle_timeout: int
) -> None:
    asked = request({"KeepJobFlowAliveWhenNoSteps": kept_alive}, ReleaseLabel=release, AutoTerminationPolicy=policy)
    assert EmrCluster.from_request(asked).idle_timeout == idle_timeout


@pytest.mark.parametrize("kept_alive", [True, False, "true", "false", None])
def test_a_release_without_the_idle_timeout_is_warned_of(kept_alive: bool | str | None) -> None:
    asked = request({"KeepJobFlowAliveWhenNoSteps": kept_alive}, ReleaseLabel="emr-5.20.0")
    with pytest.warns(UserWarning, match=r"ReleaseLabel = 'emr-5.20.0': this release has no auto-termination policy"):
        assert EmrCluster.from_request(asked).idle_timeout is None


def test_whether_a_cluster_is_kept_alive_is_a_truth_value() -> None:
    with pytest.raises(InvalidSpec, match=r"KeepJobFlowAliveWhenNoSteps = 'no': it is a truth value"):
        EmrCluster.from_request(request({"KeepJobFlowAliveWhenNoSteps": "no"}))


def test_templates_are_read_as_they_are() -> None:
    core = {**MASTER, "InstanceRole": "CORE", "InstanceCount": "{{ params.count }}"}
    asked = request({"InstanceGroups": [MASTER, core]}, LogUri="s3://{{ params.bucket }}/", Name="daily {{ ds }}")
    read = EmrCluster.from_request(asked)
    assert (read.name, read.log_uri) == ("daily {{ ds }}", "s3://{{ params.bucket }}/")
    assert isinstance(read.instances, InstanceGroups)
    assert read.instances.core == Group("m5.xlarge", "{{ params.count }}")


def test_secrets_stand_where_passwords_stood() -> None:
    asked = {"Realm": "EC2.INTERNAL", "KdcAdminPassword": Secret("kdc"), "ADDomainJoinUser": "join"}
    read = EmrCluster.from_request(
        request(KerberosAttributes={**asked, "ADDomainJoinPassword": Secret("ad")}, SecurityConfiguration="kerberos")
    )
    assert read.kerberos == KerberosAttributes(
        "EC2.INTERNAL", Secret("kdc"), ad_domain_join_user="join", ad_domain_join_password=Secret("ad")
    )


@pytest.mark.parametrize("member", ["KdcAdminPassword", "CrossRealmTrustPrincipalPassword", "ADDomainJoinPassword"])
def test_a_password_in_a_request_is_refused_and_not_told(member: str) -> None:
    asked = {"Realm": "EC2.INTERNAL", "KdcAdminPassword": Secret("kdc"), member: "hunter2"}
    with pytest.raises(InvalidSpec, match=r"RunJobFlow\.KerberosAttributes: .*write Secret\(") as refused:
        EmrCluster.from_request(request(KerberosAttributes=asked, SecurityConfiguration="kerberos"))
    assert "hunter2" not in f"{refused.value} {vars(refused.value)}"


@pytest.mark.parametrize("member", ["KdcAdminPasword", "ADDomainJoinPasswort"])
def test_a_password_in_a_misspelt_member_is_not_told(member: str) -> None:
    asked = {"Realm": "EC2.INTERNAL", "KdcAdminPassword": Secret("kdc"), member: "hunter2"}
    asked = {name: value for name, value in asked.items() if (name, member) != ("KdcAdminPassword", "KdcAdminPasword")}
    with pytest.raises(InvalidSpec, match=rf"KerberosAttributes\.{member} = .*did you mean") as refused:
        EmrCluster.from_request(request(KerberosAttributes=asked, SecurityConfiguration="kerberos"))
    assert "hunter2" not in f"{refused.value} {vars(refused.value)}"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"SecurityConfigration": "strict", "StepExecutionRoleArn": "arn:aws:iam::111122223333:role/job"},
            r"RunJobFlow\.SecurityConfigration = .*did you mean SecurityConfiguration\?",
        ),
        ({"Steps": [{"Name": "a"}]}, r"RunJobFlow\.Steps = .*read each by Step\.from_request"),
        ({"Applicatons": []}, r"RunJobFlow\.Applicatons = .*did you mean Applications\?"),
        (
            {"ReleaseLabel": None, "ReleaseLabl": "emr-7.10.0"},
            r"ReleaseLabl = .*did you mean ReleaseLabel\?",
        ),
        ({"AmiVersion": "3.11.0"}, r"RunJobFlow\.AmiVersion = '3.11.0': .*name a ReleaseLabel"),
        ({"SupportedProducts": ["mapr"]}, r"RunJobFlow\.SupportedProducts = .*name Applications"),
        ({"NewSupportedProducts": [{"Name": "a"}]}, r"RunJobFlow\.NewSupportedProducts = .*name Applications"),
        ({"ReleaseLabel": None}, r"RunJobFlow\.ReleaseLabel = None: it is missing; add ReleaseLabel"),
        ({"Name": None}, r"RunJobFlow\.Name = None: it is missing; add Name"),
        ({"Instances": None}, r"RunJobFlow\.Instances = None: it is missing"),
        ({"Instances": []}, r"RunJobFlow\.Instances = \[\]: it is a mapping"),
        ({"Applications": "Spark"}, r"RunJobFlow\.Applications = 'Spark': it is a list"),
        ({"Applications": ["Spark"]}, r"RunJobFlow\.Applications\[0\] = 'Spark': it is a mapping"),
        ({"Applications": [{"Name": "Spark", "Args": ["a"]}]}, r"Applications\[0\]\.Args = .*Configurations"),
        ({"Applications": [{"Name": "Spark", "Version": "3"}]}, r"Applications\[0\]\.Version = .*the release says it"),
        ({"Tags": [{"Key": "a", "Value": "b"}, {"Key": "a"}]}, r"RunJobFlow\.Tags = 'a': it is there twice"),
        ({"Tags": [{"Value": "b"}]}, r"RunJobFlow\.Tags\[0\]\.Key = None: it is missing"),
        ({"Tags": [{"Key": ["a"]}]}, r"RunJobFlow\.Tags = \['a'\]: a key is a text"),
        ({"Tags": ["{{ params.tag }}"]}, r"RunJobFlow\.Tags\[0\] = .*it is not known yet; write it out"),
        ({"Instances": "{{ params.instances }}"}, r"RunJobFlow\.Instances = .*it is not known yet"),
        ({"ManagedScalingPolicy": {}}, r"ManagedScalingPolicy\.ComputeLimits = None: it is missing; add ComputeLimits"),
        ({"LogUri": "/logs"}, r"RunJobFlow: EmrCluster\.log_uri = '/logs': it is no S3 address"),
        (
            {"PlacementGroupConfigs": [{"InstanceRole": "CORE", "PlacementStrategy": "CLUSTER"}]},
            r"PlacementGroupConfigs = 'CORE CLUSTER': EMR places only primary instances",
        ),
        (
            {"MonitoringConfiguration": {"S3MonitoringConfiguration": {}}},
            r"RunJobFlow\.MonitoringConfiguration\.S3MonitoringConfiguration = .*did you mean S3LoggingConfiguration",
        ),
    ],
)
def test_what_is_not_understood_is_refused_by_name(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        EmrCluster.from_request(request(**changes))


CORE = {**MASTER, "InstanceRole": "CORE"}
SPOT = {"TimeoutDurationMinutes": 30, "TimeoutAction": "TERMINATE_CLUSTER", "BlockDurationMinutes": 60}
FLEET = {"InstanceFleetType": "MASTER", "TargetSpotCapacity": 1, "InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}]}
RULE = {"Name": "a", "Action": {"SimpleScalingPolicyConfiguration": {"ScalingAdjustment": 1}}}
SCALING = {"Constraints": {"MinCapacity": 1, "MaxCapacity": 9}, "Rules": [RULE]}


@pytest.mark.parametrize(
    ("instances", "told"),
    [
        (
            {"InstanceGroups": [{"InstanceRole": "MASTER", "InstanceCount": 1}]},
            r"InstanceGroups\[0\]\.InstanceType = None: it is missing; add InstanceType",
        ),
        (
            {"InstanceGroups": [{"InstanceRole": "MASTER", "InstanceTyp": "m5.xlarge", "InstanceCount": 1}]},
            r"InstanceGroups\[0\]\.InstanceTyp = 'm5\.xlarge': .*did you mean InstanceType\?",
        ),
        ({"HadoopVersion": "2.4.0"}, r"Instances\.HadoopVersion = '2\.4\.0': .*the release says it"),
        ({"InstanceFleets": [FLEET]}, "InstanceGroups, InstanceFleets or MasterInstanceType.*give one of the three"),
        ({"InstanceGroups": []}, "give one of the three"),
        ({"InstanceGroups": [CORE]}, "'0 × MASTER': there is one MASTER"),
        ({"InstanceGroups": [MASTER, MASTER]}, "'2 × MASTER': there is one MASTER"),
        ({"InstanceGroups": [MASTER, CORE, CORE]}, "'2 × CORE': there is one CORE"),
        ({"InstanceGroups": [{**MASTER, "InstanceRole": "PRIMARY"}]}, "'PRIMARY': it is no role"),
        ({"InstanceGroups": [{**MASTER, "InstanceRole": ["MASTER"]}]}, r"\['MASTER'\]: it is no role"),
        ({"InstanceGroups": [MASTER, "{{ params.core }}"]}, r"InstanceGroups\[1\] = .*it is not known yet"),
        ({"InstanceGroups": [{**MASTER, "EbsConfiguration": "{{ a }}"}]}, r"EbsConfiguration = .*it is not known yet"),
        (
            {"InstanceGroups": [MASTER, {**CORE, "AutoScalingPolicy": {}}]},
            r"AutoScalingPolicy\.Constraints = None: it is",
        ),
        (
            {"InstanceGroups": [MASTER, {**CORE, "AutoScalingPolicy": SCALING}]},
            r"Rules\[0\]\.Trigger = None: it is missing",
        ),
        ({"InstanceGroups": [{**MASTER, "Market": "CHEAP"}]}, r"InstanceGroups\[0\]\.Market = 'CHEAP'"),
        ({"InstanceGroups": [{**MASTER, "InstanceType": "large"}]}, r"InstanceGroups\[0\]: Group\.instance_type"),
        ({"InstanceGroups": [{**MASTER, "Market": "ON_DEMAND", "BidPrice": "1"}]}, "a bid is for the spot market"),
        ({"InstanceGroups": None, "MasterInstanceType": "m5.xlarge"}, r"Instances\.InstanceCount = None"),
        (
            {"InstanceGroups": None, "MasterInstanceType": "m5.xlarge", "InstanceCount": "{{ params.n }}"},
            r"Instances\.InstanceCount = .*write InstanceGroups",
        ),
        (
            {
                "InstanceGroups": None,
                "InstanceFleets": [{**FLEET, "LaunchSpecifications": {"SpotSpecification": SPOT}}],
            },
            r"SpotSpecification\.BlockDurationMinutes = 60: .*no spot blocks since 2022",
        ),
    ],
)
def test_instances_that_are_not_understood_are_refused_by_name(instances: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        EmrCluster.from_request(request(instances))


def test_the_market_of_a_scaling_rule_is_refused() -> None:
    action = {"Market": "SPOT", "SimpleScalingPolicyConfiguration": {"ScalingAdjustment": 1}}
    policy = {"Constraints": {"MinCapacity": 1, "MaxCapacity": 9}, "Rules": [{"Name": "a", "Action": action}]}
    with pytest.raises(InvalidSpec, match=r"Rules\[0\]\.Action\.Market = .*leave it out"):
        EmrCluster.from_request(request({"InstanceGroups": [MASTER, {**CORE, "AutoScalingPolicy": policy}]}))


NOT_RENDERED = {
    *("RunJobFlowInput.AmiVersion", "RunJobFlowInput.SupportedProducts", "RunJobFlowInput.NewSupportedProducts"),
    *("RunJobFlowInput.Steps", "JobFlowInstancesConfig.HadoopVersion"),
    *("SpotProvisioningSpecification.BlockDurationMinutes", "ScalingAction.Market"),
    *("Application.Version", "Application.Args", "Application.AdditionalInfo"),
    *("JobFlowInstancesConfig.MasterInstanceType", "JobFlowInstancesConfig.SlaveInstanceType"),
    "JobFlowInstancesConfig.InstanceCount",
}
"""Members that are refused, and the short form of instances; the steps have tests of their own."""


def rendered(cluster: EmrCluster, reveal: Reveal = kept) -> dict[str, Any]:
    return render_cluster(cluster, steps=[STEP] if cluster is WITH_ROLE else (), reveal=reveal)


WRONG: tuple[Any, ...] = (None, "", -1, True, "{{ a }}", [], {}, [None], {"a": None}, ["a"])


@pytest.mark.parametrize("cluster", EACH, ids=lambda cluster: cluster.name)
def test_whatever_is_wrong_in_a_request_is_refused_in_words(cluster: EmrCluster) -> None:
    """Each member in turn is missing, or is something else than it should be."""
    whole = {name: member for name, member in rendered(cluster).items() if name != "Steps"}
    refused = 0
    for path in places(whole):
        for wrong in WRONG:
            asked = copy.deepcopy(whole)
            of: Any = asked
            for part in path[:-1]:
                of = of[part]
            of[path[-1]] = wrong
            try:
                EmrCluster.from_request(asked)
            except InvalidSpec:
                refused += 1
    assert refused > len(list(places(whole)))


def places(value: Any, *path: Any) -> Iterator[tuple[Any, ...]]:
    """The way to every member and element within."""
    if path:
        yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from places(part, *path, name)


def members_of(shape: Any, value: Any) -> Iterator[str]:
    """The members that a request has, each with its structure."""
    if shape.type_name == "structure":
        for name, part in value.items():
            yield f"{shape.name}.{name}"
            yield from members_of(shape.members[name], part)
    elif shape.type_name == "list":
        for part in value:
            yield from members_of(shape.member, part)


def members_that_are(shape: Any, seen: set[str]) -> Iterator[str]:
    """The members that a structure can have, and those of all within."""
    if shape.type_name == "structure" and shape.name not in seen:
        seen.add(shape.name)
        for name, part in shape.members.items():
            yield f"{shape.name}.{name}"
            if f"{shape.name}.{name}" not in NOT_RENDERED:
                yield from members_that_are(part, seen)
    elif shape.type_name == "list":
        yield from members_that_are(shape.member, seen)


def test_every_member_of_the_model_can_be_asked_for_but_those_that_are_refused() -> None:
    shape = EMR.operation_model("RunJobFlow").input_shape
    asked = {member for cluster in EACH for member in members_of(shape, {**rendered(cluster), "Steps": []})}
    assert asked | NOT_RENDERED == set(members_that_are(shape, set()))
    assert asked & NOT_RENDERED == {"RunJobFlowInput.Steps"}


@pytest.mark.parametrize("cluster", EACH[:-1], ids=lambda cluster: cluster.name)
def test_every_member_that_can_be_asked_for_is_read_back(cluster: EmrCluster) -> None:
    assert rendered(EmrCluster.from_request(rendered(cluster))) == rendered(cluster)
    assert faults("RunJobFlow", rendered(cluster, reveal=lambda secret: "hidden")) == []


def test_the_role_of_steps_is_read_with_the_cluster() -> None:
    asked = {name: member for name, member in rendered(WITH_ROLE).items() if name != "Steps"}
    assert EmrCluster.from_request(asked).step_execution_role_arn == WITH_ROLE.step_execution_role_arn


def texts_of(shape: Any, value: Any, *path: Any) -> Iterator[tuple[Any, ...]]:
    """The way to every text of a request's structures that may be empty by the model, whether the request has it."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if member.type_name == "string" and not member.metadata.get("min"):
                yield (*path, name)
            elif name in value:
                yield from texts_of(member, value[name], *path, name)
    elif shape.type_name == "list":
        for place, part in enumerate(value):
            yield from texts_of(shape.member, part, *path, place)


def read_of(request: dict[str, Any]) -> EmrCluster | str:
    """The cluster that is read of a request, or why none is; a value may be told in one of two ways."""
    try:
        return EmrCluster.from_request(request)
    except InvalidSpec as error:
        return f"{error.field}: {error.rule}"


@pytest.mark.parametrize("cluster", EACH, ids=lambda cluster: cluster.name)
def test_an_empty_text_says_what_a_missing_one_says(cluster: EmrCluster) -> None:
    whole = {name: member for name, member in rendered(cluster).items() if name != "Steps"}
    for path in texts_of(EMR.operation_model("RunJobFlow").input_shape, whole):
        asked = copy.deepcopy(whole)
        of: Any = asked
        for part in path[:-1]:
            of = of[part]
        of.pop(path[-1], None)
        missing = read_of(asked)
        of[path[-1]] = ""
        assert read_of(asked) == missing, path
        of[path[-1]] = None
        assert read_of(asked) == missing, path


def test_a_name_that_is_empty_is_the_one_that_a_group_without_one_gets() -> None:
    cluster = EmrCluster.from_request(request(instances={"InstanceGroups": [{**MASTER, "Name": "", "Market": ""}]}))
    (group,) = render_cluster(cluster)["Instances"]["InstanceGroups"]
    assert group == {**render_cluster(EmrCluster.from_request(request()))["Instances"]["InstanceGroups"][0]}
    assert (group["Name"], group["Market"]) == ("Primary", "ON_DEMAND")


def test_a_role_of_steps_is_never_lost_for_being_empty() -> None:
    with pytest.raises(InvalidSpec, match="step_execution_role_arn = '': it must not be empty"):
        EmrCluster.from_request(request(StepExecutionRoleArn=""))
