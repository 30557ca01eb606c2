from __future__ import annotations

from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.cluster import BootstrapAction, EmrCluster, Group, InstanceGroups
from airflow_emr_pipelines.specs.configurations import glue_catalog, spark_defaults


def cluster(name: str = "daily", release_label: str = "emr-7.10.0", **fields: Any) -> EmrCluster:
    return EmrCluster(name, release_label, **{"instances": InstanceGroups("m5.xlarge"), **fields})


def test_a_cluster_ends_when_idle_unless_that_is_switched_off() -> None:
    assert cluster().idle_timeout == 3600
    assert cluster(idle_timeout=None).idle_timeout is None


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
    cluster(release_label="{{ params.release }}", applications=["Ganglia"], step_concurrency=5)


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
