"""A cluster is changed once, and a security configuration made once, whichever answer is lost."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from airflow_emr_pipelines.hooks.ec2.changes import ClusterModification
from airflow_emr_pipelines.hooks.ec2.collections import EmrCollections
from airflow_emr_pipelines.hooks.ec2.security_configurations import EmrSecurityConfigurations
from airflow_emr_pipelines.hooks.ec2.steps import EmrSteps
from airflow_emr_pipelines.specs.ec2.changes import ClusterChange, FleetChange, GroupChange
from airflow_emr_pipelines.specs.ec2.fleets import Fleet
from airflow_emr_pipelines.specs.ec2.instances import Group
from tests.integration.faults.conftest import Account

KINDS = ("lose_answer", "drop", "throttle")


def made(account: Account, **instances: Any) -> str:
    cluster_id = account.emr.run_job_flow(
        Name="to change",
        ReleaseLabel="emr-7.10.0",
        Instances={"KeepJobFlowAliveWhenNoSteps": True, **instances},
        ServiceRole="EMR_DefaultRole",
        JobFlowRole="EMR_EC2_DefaultRole",
    )["JobFlowId"]
    account.emr.get_waiter("cluster_running").wait(ClusterId=cluster_id, WaiterConfig={"Delay": 1})
    return str(cluster_id)


def change(cluster_id: str, wanted: ClusterChange) -> list[str]:
    fleets = bool(wanted.fleets or wanted.task_fleet)
    collections = EmrCollections(cluster_id, None, None, fleets=fleets)
    return ClusterModification(collections.hook.describe_cluster(cluster_id), collections).make(wanted)


@pytest.mark.parametrize("kind", KINDS)
def test_a_task_group_whose_answer_is_lost_is_added_once(account: Account, kind: str) -> None:
    groups = [{"InstanceRole": role, "InstanceType": "m5.xlarge", "InstanceCount": 1} for role in ("MASTER", "CORE")]
    cluster_id = made(account, InstanceGroups=groups)
    for operation in ("AddInstanceGroups", "ModifyInstanceGroups", "ModifyCluster", "SetTerminationProtection"):
        account.fault(operation, kind, times=1)
    wanted = ClusterChange(
        3,
        termination_protected=False,
        groups=[GroupChange("CORE", 2)],
        task_groups=[Group("m5.xlarge", 2, name="one"), Group("m5.xlarge", 2, name="two")],
    )
    assert len(change(cluster_id, wanted)) == 3
    assert len(change(cluster_id, wanted)) == 3
    found = account.emr.list_instance_groups(ClusterId=cluster_id)["InstanceGroups"]
    assert [group["InstanceGroupType"] for group in found].count("TASK") == 2
    assert {group["RequestedInstanceCount"] for group in found if group["InstanceGroupType"] != "MASTER"} == {2}
    account.emr.terminate_job_flows(JobFlowIds=[cluster_id])


@pytest.mark.parametrize("kind", KINDS)
def test_a_task_fleet_whose_answer_is_lost_is_added_once(account: Account, kind: str) -> None:
    types = [{"InstanceType": "m5.xlarge"}]
    fleets = [
        {"InstanceFleetType": role, "TargetOnDemandCapacity": 1, "InstanceTypeConfigs": types}
        for role in ("MASTER", "CORE")
    ]
    cluster_id = made(account, InstanceFleets=fleets)
    for operation in ("AddInstanceFleet", "ModifyInstanceFleet"):
        account.fault(operation, kind, times=1)
    wanted = ClusterChange(fleets=[FleetChange("CORE", on_demand=2)], task_fleet=Fleet(["m5.xlarge"], on_demand=2))
    assert len(change(cluster_id, wanted)) == 2
    found = account.emr.list_instance_fleets(ClusterId=cluster_id)["InstanceFleets"]
    targets = {fleet["InstanceFleetType"]: fleet["TargetOnDemandCapacity"] for fleet in found}
    assert (len(found), targets) == (3, {"MASTER": 1, "CORE": 2, "TASK": 2})
    account.emr.terminate_job_flows(JobFlowIds=[cluster_id])


@pytest.mark.parametrize("kind", KINDS)
def test_a_security_configuration_whose_answer_is_lost_is_made_and_deleted(account: Account, kind: str) -> None:
    configurations, name = EmrSecurityConfigurations(None, None), f"lost-{uuid.uuid4().hex[:8]}"
    content = {"AuthorizationConfiguration": {"IAMConfiguration": {"EnableApplicationScopedIAMRole": True}}}
    for operation in ("CreateSecurityConfiguration", "DescribeSecurityConfiguration", "DeleteSecurityConfiguration"):
        account.fault(operation, kind, times=1)
    configurations.create(name, content)
    assert configurations.find(name) == content
    configurations.delete(name)
    assert configurations.find(name) is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_cancellation_whose_answer_is_lost_is_none_that_was_refused(
    account: Account, standing: str, kind: str
) -> None:
    sleep = {"Jar": "command-runner.jar", "Args": ["bash", "-c", "sleep 1000"]}
    step = {"Name": "sleeps", "ActionOnFailure": "CONTINUE", "HadoopJarStep": sleep}
    (step_id,) = account.emr.add_job_flow_steps(JobFlowId=standing, Steps=[step])["StepIds"]
    account.fault("CancelSteps", kind, times=1)
    assert EmrSteps(standing, None, None).refusals([step_id], kill=False) == {}
    assert account.until_step_is(standing, "CANCELLED")
