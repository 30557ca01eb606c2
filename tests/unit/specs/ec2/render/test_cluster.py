from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.cluster import BootstrapAction, EbsVolumes, EmrCluster, Group, InstanceGroups
from airflow_emr_pipelines.specs.ec2.configurations import Configuration, glue_catalog, spark_defaults
from airflow_emr_pipelines.specs.ec2.render.cluster import render_cluster
from airflow_emr_pipelines.specs.ec2.render.step import check, render_step
from airflow_emr_pipelines.specs.steps import ShellStep, Step
from tests.unit.specs.emr_model import faults
from tests.unit.specs.strategies import clusters, steps

STEP = render_step(ShellStep("a", "true"))


def smallest(**fields: Any) -> EmrCluster:
    return EmrCluster("daily", "emr-7.10.0", **{"instances": InstanceGroups("m5.xlarge"), **fields})


@given(clusters, st.lists(steps, max_size=2))
def test_every_cluster_is_legal_for_the_service(cluster: EmrCluster, its_steps: list[Step]) -> None:
    check(cluster)
    rendered = [] if cluster.instances.primaries == 3 else [render_step(step) for step in its_steps]
    request = render_cluster(cluster, steps=rendered, tags={"key": "x"})
    assert faults("RunJobFlow", request) == []
    assert {step["ActionOnFailure"] for step in request.get("Steps", ())} <= {"CONTINUE"}


def test_the_smallest_cluster() -> None:
    assert render_cluster(smallest()) == {
        "Name": "daily",
        "ReleaseLabel": "emr-7.10.0",
        "Instances": {
            "InstanceGroups": [
                {
                    "Name": "Primary",
                    "InstanceRole": "MASTER",
                    "InstanceType": "m5.xlarge",
                    "InstanceCount": 1,
                    "Market": "ON_DEMAND",
                }
            ],
            "KeepJobFlowAliveWhenNoSteps": True,
            "TerminationProtected": False,
        },
        "ServiceRole": "EMR_DefaultRole",
        "JobFlowRole": "EMR_EC2_DefaultRole",
        "VisibleToAllUsers": True,
        "StepConcurrencyLevel": 1,
        "Applications": [{"Name": "Spark"}],
        "AutoTerminationPolicy": {"IdleTimeout": 3600},
    }


def test_a_cluster_with_everything() -> None:
    cluster = EmrCluster(
        "daily",
        "emr-7.10.0",
        InstanceGroups(
            Group("r5.2xlarge", 3),
            Group(
                "r5.xlarge",
                6,
                name="HDFS",
                ebs=[EbsVolumes(200, iops=8000, throughput=250, per_instance=2)],
                configurations=[Configuration("hdfs-site", {"dfs.replication": 2})],
            ),
            [Group("m5.2xlarge", "8", spot=True), Group("c5.xlarge", 4, spot=True, bid_price="0.10")],
        ),
        applications=["Hadoop", "Spark", "Hive"],
        configurations=[
            spark_defaults(min_executors=8),
            *glue_catalog(),
            Configuration("hadoop-env", configurations=[Configuration("export", {"HADOOP_NAMENODE_HEAPSIZE": 4096})]),
        ],
        bootstrap_actions=[BootstrapAction("install", "s3://apps/install.sh", ["--version", 2])],
        log_uri="s3://emr-logs/",
        service_role="Service",
        job_flow_role="Profile",
        ec2_subnet_id="subnet-01234567",
        ec2_key_name="key",
        emr_managed_master_security_group="sg-01234567",
        emr_managed_slave_security_group="sg-01234568",
        service_access_security_group="sg-01234569",
        security_configuration="encrypted",
        scale_down_behavior="TERMINATE_AT_TASK_COMPLETION",
        tags={"Cost Center": 42, "owner": "etl"},
        termination_protected=True,
        idle_timeout="7200",
        step_concurrency="5",
    )
    request = render_cluster(cluster, name="daily [key]", tags={"owner": "us"})
    assert faults("RunJobFlow", request) == []
    assert request["Name"] == "daily [key]"
    assert request["Applications"] == [{"Name": "Hadoop"}, {"Name": "Spark"}, {"Name": "Hive"}]
    assert request["Configurations"][0] == {
        "Classification": "spark-defaults",
        "Properties": {"spark.dynamicAllocation.minExecutors": "8"},
    }
    assert request["Configurations"][-1] == {
        "Classification": "hadoop-env",
        "Properties": {},
        "Configurations": [{"Classification": "export", "Properties": {"HADOOP_NAMENODE_HEAPSIZE": "4096"}}],
    }
    assert request["BootstrapActions"] == [
        {"Name": "install", "ScriptBootstrapAction": {"Path": "s3://apps/install.sh", "Args": ["--version", "2"]}}
    ]
    assert request["Tags"] == [{"Key": "Cost Center", "Value": "42"}, {"Key": "owner", "Value": "us"}]
    assert request["AutoTerminationPolicy"] == {"IdleTimeout": 7200}
    assert request["StepConcurrencyLevel"] == 5
    assert (request["ServiceRole"], request["JobFlowRole"]) == ("Service", "Profile")
    assert (request["LogUri"], request["SecurityConfiguration"]) == ("s3://emr-logs/", "encrypted")
    assert request["ScaleDownBehavior"] == "TERMINATE_AT_TASK_COMPLETION"
    groups = request["Instances"].pop("InstanceGroups")
    assert request["Instances"] == {
        "KeepJobFlowAliveWhenNoSteps": True,
        "TerminationProtected": True,
        "Ec2SubnetId": "subnet-01234567",
        "Ec2KeyName": "key",
        "EmrManagedMasterSecurityGroup": "sg-01234567",
        "EmrManagedSlaveSecurityGroup": "sg-01234568",
        "ServiceAccessSecurityGroup": "sg-01234569",
    }
    assert [(group["InstanceRole"], group["Name"], group["InstanceCount"], group["Market"]) for group in groups] == [
        ("MASTER", "Primary", 3, "ON_DEMAND"),
        ("CORE", "HDFS", 6, "ON_DEMAND"),
        ("TASK", "Task 1", 8, "SPOT"),
        ("TASK", "Task 2", 4, "SPOT"),
    ]
    assert [group.get("BidPrice") for group in groups] == [None, None, None, "0.10"]
    assert groups[1]["Configurations"] == [{"Classification": "hdfs-site", "Properties": {"dfs.replication": "2"}}]
    assert groups[1]["EbsConfiguration"] == {
        "EbsBlockDeviceConfigs": [
            {
                "VolumeSpecification": {"VolumeType": "gp3", "SizeInGB": 200, "Iops": 8000, "Throughput": 250},
                "VolumesPerInstance": 2,
            }
        ]
    }


def test_a_cluster_with_its_steps_ends_by_itself() -> None:
    request = render_cluster(smallest(), steps=[STEP])
    assert request["Steps"] == [STEP]
    assert request["Instances"]["KeepJobFlowAliveWhenNoSteps"] is False
    assert "AutoTerminationPolicy" not in request


def test_the_idle_policy_can_be_left_out() -> None:
    assert "AutoTerminationPolicy" not in render_cluster(smallest(idle_timeout=None))


def test_three_primaries_never_end_by_themselves() -> None:
    cluster = smallest(instances=InstanceGroups(Group("m5.xlarge", 3)))
    assert render_cluster(cluster)["Instances"]["KeepJobFlowAliveWhenNoSteps"] is True
    with pytest.raises(InvalidSpec, match="always kept alive"):
        render_cluster(cluster, steps=[STEP])


def test_a_cluster_holds_256_steps() -> None:
    assert len(render_cluster(smallest(), steps=[STEP] * 256)["Steps"]) == 256
    with pytest.raises(InvalidSpec, match=r"257 steps.*at most 256"):
        render_cluster(smallest(), steps=[STEP] * 257)


def test_our_tags_go_beside_the_users_and_take_nothing_away() -> None:
    assert render_cluster(smallest(tags={"a": "b"}), tags={"c": "d"})["Tags"] == [
        {"Key": "a", "Value": "b"},
        {"Key": "c", "Value": "d"},
    ]


def test_our_tags_are_legal_whatever_the_run_is_called() -> None:
    tags = render_cluster(smallest(), tags={"run": "manual~1", "task": "x" * 300})["Tags"]
    assert [tag["Value"] for tag in tags] == ["manual_1", "x" * 256]
