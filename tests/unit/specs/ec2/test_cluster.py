from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.cluster import (
    MANAGED_POLICIES_TAG,
    BootstrapAction,
    EmrCluster,
    Group,
    InstanceFleets,
    InstanceGroups,
    RootVolume,
)
from airflow_emr_pipelines.specs.ec2.configurations import glue_catalog, spark_defaults
from airflow_emr_pipelines.specs.ec2.fleets import Fleet, OnDemandProvisioning
from airflow_emr_pipelines.specs.ec2.kerberos import KerberosAttributes, Secret
from airflow_emr_pipelines.specs.ec2.render.cluster import render_cluster
from airflow_emr_pipelines.specs.ec2.scaling import AutoScaling, ManagedScaling, ScalingRule
from airflow_emr_pipelines.specs.serialization import from_dict, to_dict


def cluster(name: str = "daily", release_label: str = "emr-7.10.0", **fields: Any) -> EmrCluster:
    return EmrCluster(name, release_label, **{"instances": InstanceGroups("m5.xlarge"), **fields})


def test_a_cluster_ends_when_idle_unless_that_is_switched_off() -> None:
    assert cluster().idle_timeout == 3600
    assert cluster(idle_timeout=None).idle_timeout is None
    assert [cluster(idle_timeout=seconds).idle_timeout for seconds in (60, 604_800)] == [60, 604_800]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": "a" * 257}, "EmrCluster.name = .* at most 256"),
        *(({"name": f"a{character}b"}, "EmrCluster.name = .* cannot hold") for character in "<>$|`"),
        ({"release_label": "7.10.0"}, "EmrCluster.release_label = '7.10.0'"),
        ({"instances": "m5.xlarge"}, r'write InstanceGroups\(primary="m5.xlarge"\)'),
        ({"instances": None}, "EmrCluster.instances"),
        ({"applications": "Spark"}, "EmrCluster.applications = 'Spark': it is a list"),
        ({"applications": ["Spark", ""]}, r"EmrCluster.applications\[1\] = ''"),
        ({"applications": ["Spark", "Ganglia"]}, "emr-7.10.0 does not have Ganglia"),
        ({"applications": ["Presto", "Trino"]}, "Presto and Trino"),
        ({"configurations": [glue_catalog()]}, r"write a \* in front"),
        ({"configurations": spark_defaults()}, "it is a list"),
        ({"bootstrap_actions": ["s3://apps/a.sh"]}, "it is no BootstrapAction"),
        ({"bootstrap_actions": [BootstrapAction("a", "s3://apps/a.sh")] * 17}, "at most 16"),
        ({"log_uri": "s3:/logs"}, "EmrCluster.log_uri = 's3:/logs': it is no S3 address"),
        ({"log_uri": "/mnt/logs"}, "it is no S3 address"),
        ({"service_role": ""}, "EmrCluster.service_role"),
        ({"ec2_subnet_id": "subnet-analytics-a"}, "write it like subnet-"),
        ({"ec2_subnet_id": ["subnet-01234567", "subnet-76543210"]}, "it is one subnet"),
        ({"emr_managed_master_security_group": "sg-01234567"}, "together with emr_managed_slave_security_group"),
        ({"emr_managed_slave_security_group": "sg-01234567"}, "together with emr_managed_master_security_group"),
        ({"service_access_security_group": "default"}, "write it like sg-"),
        ({"scale_down_behavior": "TERMINATE"}, "TERMINATE_AT_TASK_COMPLETION"),
        ({"tags": {"aws:x": "y"}}, "a tag's key"),
        ({"tags": [{"Key": "a", "Value": "b"}]}, "it is a mapping"),
        ({"idle_timeout": 59}, "EmrCluster.idle_timeout = 59: .* from 60 to 604,800"),
        ({"idle_timeout": 604_801}, "from 60 to 604,800"),
        ({"idle_timeout": 0}, "from 60 to 604,800"),
        ({"step_concurrency": 0}, "from 1 to 256"),
        ({"step_concurrency": 257}, "from 1 to 256"),
        ({"termination_protected": "maybe"}, "write True or False"),
        ({"release_label": "emr-5.29.0"}, "no auto-termination policy.*idle_timeout=None"),
        ({"release_label": "emr-6.0.0"}, "no auto-termination policy"),
        ({"release_label": "emr-5.27.0", "idle_timeout": None, "step_concurrency": 2}, "it needs emr-5.28.0"),
        (
            {"release_label": "emr-5.22.0", "idle_timeout": None, "instances": InstanceGroups(Group("m5.xlarge", 3))},
            "three primaries need emr-5.23.0",
        ),
    ],
)
def test_what_emr_would_refuse_is_refused_here(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        cluster(**fields)


def test_old_releases_are_fine_without_what_they_lack() -> None:
    assert cluster(release_label="emr-5.22.0", idle_timeout=None).step_concurrency == 1


def test_what_depends_on_a_release_waits_until_it_is_known() -> None:
    late = cluster(release_label="{{ params.release }}", applications=["Ganglia"], step_concurrency=5)
    assert (late.applications, late.step_concurrency) == (("Ganglia",), 5)
    with pytest.raises(InvalidSpec, match="does not have Ganglia"):
        replace(late, release_label="emr-7.10.0")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"script": "install.sh"}, "upload it"),
        ({"script": "s3://apps/"}, "names a bucket and no file"),
        ({"args": "a b"}, r'write args=\["a", "b"\]'),
        ({"name": ""}, "must not be empty"),
    ],
)
def test_a_bootstrap_action_is_a_script_that_instances_can_read(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        BootstrapAction(**{"name": "install", "script": "s3://apps/install.sh", **fields})


def test_a_bootstrap_action_is_not_in_hdfs_which_is_not_up_yet() -> None:
    with pytest.raises(InvalidSpec, match=r"BootstrapAction.script = 'hdfs:///x.sh': .* put the script into S3"):
        BootstrapAction("install", "hdfs:///x.sh")


THREE = InstanceGroups(Group("m5.xlarge", 3))
FLEETS = InstanceFleets("m5.xlarge")
BY_STRATEGY = InstanceFleets("m5.xlarge", Fleet(["m5.xlarge"], spot=1, on_demand_provisioning=OnDemandProvisioning()))
RULES = AutoScaling(1, 3, [ScalingRule("out", "ContainerPendingRatio", "GREATER_THAN", 1, 1)])
SCALED = InstanceGroups("m5.xlarge", Group("m5.xlarge", name="hdfs", auto_scaling=RULES))
OWN_IMAGE = InstanceGroups("m5.xlarge", Group("m5.xlarge", custom_ami_id="ami-01234567"))
KERBEROS = KerberosAttributes("EC2.INTERNAL", Secret("kdc"))
ROLE = "arn:aws:iam::111122223333:role/job"
SUBNET, OTHER = "subnet-01234567", "subnet-76543210"


def refused(told: str, rule: str, **fields: Any) -> Any:
    return pytest.param(fields, told, id=rule)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        refused(
            r"ec2_subnet_ids = .*instance groups are in one place; give ec2_subnet_id, or use InstanceFleets",
            "several subnets are for fleets",
            ec2_subnet_ids=[SUBNET, OTHER],
        ),
        refused(
            r"availability_zones = .*instance groups are in one place",
            "several zones are for fleets",
            availability_zones=["eu-central-1a", "eu-central-1b"],
        ),
        refused(
            "ec2_subnet_id says the place already",
            "a zone and a subnet exclude each other",
            ec2_subnet_id=SUBNET,
            availability_zone="eu-central-1a",
        ),
        refused(
            "ec2_subnet_ids says the place already",
            "zones and subnets exclude each other",
            instances=FLEETS,
            ec2_subnet_ids=[SUBNET, OTHER],
            availability_zones=["eu-central-1a"],
        ),
        refused(
            "ec2_subnet_id says the place already",
            "one subnet and several exclude each other",
            instances=FLEETS,
            ec2_subnet_id=SUBNET,
            ec2_subnet_ids=[SUBNET, OTHER],
        ),
        refused(
            r"ec2_subnet_ids\[1\] = 'subnet-b': .*write it like subnet-",
            "each subnet is an id",
            instances=FLEETS,
            ec2_subnet_ids=[SUBNET, "subnet-b"],
        ),
        refused(
            "hdfs scales by rules; a cluster has one of the two",
            "managed scaling and automatic scaling rules exclude each other",
            instances=SCALED,
            auto_scaling_role="Scaling",
            managed_scaling=ManagedScaling(1, 5),
        ),
        refused(
            "automatic scaling of hdfs acts as a role; give one",
            "automatic scaling rules need an AutoScalingRole",
            instances=SCALED,
        ),
        refused(
            "unit type for these instances is InstanceFleetUnits",
            "managed scaling of fleets is in InstanceFleetUnits",
            instances=FLEETS,
            managed_scaling=ManagedScaling(1, 5, unit_type="VCPU"),
        ),
        refused(
            "unit type for these instances is Instances or VCPU",
            "managed scaling of groups is in Instances or VCPU",
            managed_scaling=ManagedScaling(1, 5, unit_type="InstanceFleetUnits"),
        ),
        *(
            refused(
                "managed scaling: it needs emr-5.30.0 or emr-6.1.0",
                f"{release} has no managed scaling",
                release_label=release,
                idle_timeout=None,
                managed_scaling=ManagedScaling(1, 5),
            )
            for release in ("emr-5.29.0", "emr-6.0.0")
        ),
        *(
            refused(
                f"instance fleets: it needs {since};",
                f"{release} has no fleets",
                release_label=release,
                idle_timeout=None,
                instances=FLEETS,
            )
            for release, since in (("emr-4.6.0", "emr-4.8.2"), ("emr-5.0.0", "emr-5.1.0"), ("emr-5.0.3", "emr-5.1.0"))
        ),
        refused(
            "allocation strategies: it needs emr-5.12.1",
            "allocation strategies need emr-5.12.1",
            release_label="emr-5.12.0",
            idle_timeout=None,
            instances=BY_STRATEGY,
        ),
        refused(
            "an image of your own: it needs emr-5.7.0",
            "a custom image needs emr-5.7.0",
            release_label="emr-5.6.0",
            idle_timeout=None,
            custom_ami_id="ami-01234567",
        ),
        refused(
            "an image of your own: it needs emr-5.7.0",
            "a custom image of a group needs emr-5.7.0",
            release_label="emr-5.6.0",
            idle_timeout=None,
            instances=OWN_IMAGE,
        ),
        refused(
            "TERMINATE_AT_INSTANCE_HOUR: it needs emr-5.1.0",
            "TERMINATE_AT_INSTANCE_HOUR needs emr-5.1.0",
            release_label="emr-5.0.0",
            idle_timeout=None,
            scale_down_behavior="TERMINATE_AT_INSTANCE_HOUR",
        ),
        refused(
            "IOPS and throughput of the root volume: it needs emr-6.15.0",
            "IOPS of the root volume need emr-6.15.0",
            release_label="emr-6.14.0",
            root_volume=RootVolume(50, iops=3000),
        ),
        refused(
            "IOPS and throughput of the root volume: it needs emr-6.15.0",
            "throughput of the root volume needs emr-6.15.0",
            release_label="emr-6.14.0",
            root_volume=RootVolume(throughput=250),
        ),
        refused(
            "runtime roles: it needs emr-6.7.0",
            "runtime roles need emr-6.7.0",
            release_label="emr-6.6.0",
            security_configuration="roles",
            step_execution_role_arn=ROLE,
        ),
        refused(
            "it needs a security configuration that enables runtime roles",
            "runtime roles need a security configuration",
            step_execution_role_arn=ROLE,
        ),
        refused(
            "three primaries have no runtime roles",
            "three primaries have no runtime roles",
            instances=THREE,
            security_configuration="roles",
            step_execution_role_arn=ROLE,
        ),
        refused(
            "it is no ARN of an IAM role; write it like arn:aws:iam::111122223333:role/name",
            "a runtime role is an ARN",
            security_configuration="roles",
            step_execution_role_arn="arn:aws:iam::account:role/job",
        ),
        refused(
            "it needs a security configuration that enables Kerberos",
            "KerberosAttributes need a security configuration",
            kerberos=KERBEROS,
        ),
        refused(
            "it is for three primary instances",
            "a placement group is for three primaries",
            spread_primaries=True,
        ),
        refused(
            "it is for three primary instances",
            "fleets have no placement group",
            instances=FLEETS,
            spread_primaries=True,
        ),
        refused("write it like ami-", "a custom image is an id", custom_ami_id="my-image"),
        refused(
            "it is for an image of your own",
            "RepoUpgradeOnBoot needs a custom image",
            repo_upgrade_on_boot="SECURITY",
        ),
        refused("none of SECURITY, NONE", "RepoUpgradeOnBoot is SECURITY or NONE", repo_upgrade_on_boot="ALL"),
        refused("it is no JSON", "AdditionalInfo is JSON", additional_info="a=b"),
        refused(
            r"additional_master_security_groups\[0\] = 'default': .*like sg-",
            "additional security groups are ids",
            additional_master_security_groups=["default"],
        ),
        refused(
            f"the tag {MANAGED_POLICIES_TAG} is given as well",
            "the tag of managed policies is said once",
            managed_policies=True,
            tags={MANAGED_POLICIES_TAG: "true"},
        ),
        refused(
            r"write RootVolume\(…\)",
            "the root volume is a RootVolume",
            root_volume=50,
        ),
    ],
)
def test_what_does_not_go_together_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        cluster(**fields)


def test_fleets_are_in_one_of_several_places() -> None:
    assert cluster(instances=FLEETS, ec2_subnet_ids=[SUBNET, OTHER]).ec2_subnet_ids == (SUBNET, OTHER)
    cluster(instances=FLEETS, availability_zones=["eu-central-1a", "eu-central-1b"])
    cluster(availability_zone="eu-central-1a")


def test_an_image_of_a_group_is_upgraded_as_well() -> None:
    assert cluster(instances=OWN_IMAGE, repo_upgrade_on_boot="NONE").repo_upgrade_on_boot == "NONE"


def test_awss_managed_policies_find_their_tag() -> None:
    tags = render_cluster(cluster(managed_policies=True, tags={"team": "data"}))["Tags"]
    assert tags == [{"Key": "team", "Value": "data"}, {"Key": MANAGED_POLICIES_TAG, "Value": "true"}]


def test_three_primaries_are_spread() -> None:
    asked = render_cluster(cluster(instances=THREE, spread_primaries=True))
    assert asked["PlacementGroupConfigs"] == [{"InstanceRole": "MASTER", "PlacementStrategy": "SPREAD"}]


def test_a_role_for_steps_is_not_silently_without_steps() -> None:
    with pytest.raises(InvalidSpec, match="later ones would run without it"):
        render_cluster(cluster(security_configuration="roles", step_execution_role_arn=ROLE))


@pytest.mark.parametrize(
    ("fields", "rendered", "told"),
    [
        ({"instances": FLEETS, "release_label": "{{ params.x }}"}, {"release_label": "emr-5.0.0"}, "instance fleets"),
        ({"spread_primaries": "{{ params.x }}"}, {"spread_primaries": "True"}, "three primary instances"),
        (
            {"security_configuration": "roles", "step_execution_role_arn": "{{ params.x }}"},
            {"step_execution_role_arn": "job"},
            "no ARN of an IAM role",
        ),
        (
            {"log_uri": "s3://logs/", "log_encryption_kms_key_id": "{{ params.x }}"},
            {"log_encryption_kms_key_id": "key/analytics"},
            "no KMS key",
        ),
    ],
)
def test_what_comes_from_a_template_is_judged_when_it_is_there(
    fields: dict[str, Any], rendered: dict[str, Any], told: str
) -> None:
    plain = to_dict(cluster(**{**fields, **({"idle_timeout": None} if "release_label" in fields else {})}))
    with pytest.raises(InvalidSpec, match=told):
        from_dict({**plain, **rendered}, EmrCluster)


def test_an_application_is_known_by_its_name_in_any_case_as_emr_knows_it() -> None:
    lower = cluster(applications=["spark", "HIVE"])
    assert lower.has("Spark")
    assert lower.has("PrestoSQL", "Hive")
    assert not lower.has("Trino")
