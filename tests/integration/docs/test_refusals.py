"""What docs/clusters.md says is refused, and is: by the value itself, when it is written down."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from airflow_emr_pipelines import (
    AutoScaling,
    BootstrapAction,
    Configuration,
    CustomJarStep,
    EbsVolumes,
    EmrCluster,
    Group,
    InstanceFleets,
    InstanceGroups,
    KerberosAttributes,
    ManagedScaling,
    S3DistCpStep,
    ScalingRule,
    SparkStep,
)
from airflow_emr_pipelines.errors import InvalidSpec
from tests.integration.docs.pages import ROOT

RULE = ScalingRule("out", "YARNMemoryAvailablePercentage", "LESS_THAN", 15, 2)
SCALED = InstanceGroups("m5.xlarge", Group("m5.xlarge", auto_scaling=AutoScaling(1, 9, [RULE])))
SUBNETS = ["subnet-0a1b2c3d4e5f60001", "subnet-0a1b2c3d4e5f60002"]
STEP = "s3://apps/job.py"


def cluster(instances: Any = None, **fields: Any) -> EmrCluster:
    return EmrCluster("a", "emr-7.10.0", instances or InstanceGroups("m5.xlarge"), **fields)


def spark(**fields: Any) -> SparkStep:
    return SparkStep("a", STEP, **fields)


def copy(**fields: Any) -> S3DistCpStep:
    return S3DistCpStep("a", src="s3://from/x/", dest="s3://to/y/", **fields)


def rule(metric: str = "ContainerPendingRatio", **fields: Any) -> ScalingRule:
    return ScalingRule("out", metric, "GREATER_THAN", 1, 2, **fields)


ONE_GROUP = InstanceGroups("m5.xlarge")
wrong: Any = "given as people have it"
REFUSED: list[tuple[str, Callable[[], object]]] = [
    ("a cluster without a release", lambda: EmrCluster("a", "", InstanceGroups("m5.xlarge"))),
    ("instance groups in several subnets or zones", lambda: cluster(ec2_subnet_ids=SUBNETS)),
    (
        "scaling bounds for one group of a cluster with managed scaling, or in fleets",
        lambda: cluster(SCALED, auto_scaling_role="Scaling", managed_scaling=ManagedScaling(1, 9)),
    ),
    (
        "managed scaling and rules together",
        lambda: cluster(SCALED, auto_scaling_role="Scaling", managed_scaling=ManagedScaling(1, 9)),
    ),
    ("rules without a role, or a role that is given later", lambda: cluster(SCALED)),
    ("periods of 60 or 600 seconds", lambda: rule(period=60)),
    ("scaling by `CPUUtilization`, or by a group's own metric", lambda: rule("CPUUtilization")),
    (
        "scaling by `CPUUtilization`, or by a group's own metric",
        lambda: rule(dimensions={"InstanceGroupName": "task"}),
    ),
    ("a placement group of core instances (`CLUSTER`)", lambda: cluster(spread_primaries=True)),
    ("`r5.large` for core instances", lambda: Group("r5.large", 2)),
    ("`t3.medium`", lambda: Group("t3.medium")),
    ("an `m5.xlarge` on emr-4.8.5", lambda: EmrCluster("a", "emr-4.8.5", ONE_GROUP, idle_timeout=None)),
    (
        "a Region's name as a zone, or a zone of another Region",
        lambda: cluster(InstanceFleets("m5.xlarge"), availability_zones=["eu-west-1a", "us-east-1a"]),
    ),
    ("io2 volumes", lambda: EbsVolumes(100, "io2", iops=8000)),
    ("heap sizes among Hadoop's properties", lambda: Configuration("core-site", {"HADOOP_NAMENODE_HEAPSIZE": 4096})),
    (
        "`glue_catalog` as the metastore's address",
        lambda: Configuration("hive-site", {"javax.jdo.option.ConnectionURL": "glue_catalog"}),
    ),
    ("a Kerberos password in the request", lambda: KerberosAttributes("EC2.INTERNAL", wrong)),
    ("Presto and Trino on one cluster", lambda: cluster(applications=["Presto", "Trino"])),
    (
        "Ganglia (from emr-7.0.0), Sqoop (from 7.5.0), MXNet (from 7.7.0), Mahout",
        lambda: cluster(applications=["Ganglia"]),
    ),
    (
        "several settings in one `spark_conf` text, joined by commas",
        lambda: spark(conf={"spark.a": "true,spark.b=true"}),
    ),
    ("several settings in one `spark_conf` text, joined by commas", lambda: spark(conf="spark.a=1,spark.b=2")),
    ("memory with a fraction, such as `6.4g`", lambda: spark(executor_memory="6.4g")),
    (
        "`spark.*` among the properties of a custom jar",
        lambda: CustomJarStep("a", "s3://apps/a.jar", properties={"spark.executor.memory": "8g"}),
    ),
    (
        "a codec for Parquet, in S3DistCp",
        lambda: copy(src_pattern=r".*\.parquet$", output_codec="gzip"),
    ),
    ("a target size, without a pattern that groups", lambda: copy(target_size=128)),
]


@pytest.mark.parametrize(("asked", "make"), REFUSED, ids=[asked for asked, _ in REFUSED])
def test_what_the_page_says_is_refused_is_refused_when_it_is_written(asked: str, make: Callable[[], object]) -> None:
    page = (ROOT / "docs" / "clusters.md").read_text()
    assert asked in re.findall(r"^\| (.+?) \|", page, re.MULTILINE)
    with pytest.raises(InvalidSpec):
        make()


def test_growing_while_memory_is_free_warns() -> None:
    with pytest.warns(UserWarning, match="LESS_THAN is probably meant"):
        rule("YARNMemoryAvailablePercentage")


def test_what_stands_in_its_place_is_taken() -> None:
    cluster(InstanceFleets("m5.xlarge"), ec2_subnet_ids=SUBNETS)
    cluster(SCALED, auto_scaling_role="Scaling")
    cluster(InstanceGroups(Group("m5.xlarge", 3)), spread_primaries=True, idle_timeout=None)
    assert rule().dimensions == {"JobFlowId": "${emr.clusterId}"}
    EbsVolumes(100, iops=8000, throughput=500)
    assert spark().deploy_mode == "cluster"
    BootstrapAction("a", "s3://apps/fetch_secret.sh", ["name-of-a-secret", "file"])
