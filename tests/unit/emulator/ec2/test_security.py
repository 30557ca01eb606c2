"""What a cluster's security configuration lets a request do, and what is shown of passwords."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_emr_pipelines.emulator.aws import wire
from airflow_emr_pipelines.emulator.aws.errors import AwsError, Refused
from airflow_emr_pipelines.emulator.ec2.model import SecurityConfiguration
from airflow_emr_pipelines.emulator.ec2.responses import cluster_response
from tests.unit.emulator.ec2.small_world import PRIMARY, SmallWorld, step
from tests.unit.emulator.ec2.test_lifecycle import in_a_small_world

KERBEROS = {"AuthenticationConfiguration": {"KerberosConfiguration": {"Provider": "ClusterDedicatedKdc"}}}
RUNTIME_ROLES = {"AuthorizationConfiguration": {"IAMConfiguration": {"EnableApplicationScopedIAMRole": True}}}
ATTRIBUTES = {"Realm": "EC2.INTERNAL", "KdcAdminPassword": "hunter2", "ADDomainJoinUser": "joe"}
SPARK_STEP = {**step(), "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["spark-submit", "s3://b/job.py"]}}
ROLE = "arn:aws:iam::123456789012:role/runtime"


def give(world: SmallWorld, name: str, content: dict[str, Any]) -> None:
    found = SecurityConfiguration(name, json.dumps(content), world.clock.now())
    world.settings.security_configurations[name] = found


@in_a_small_world
async def test_a_security_configuration_must_exist(world: SmallWorld) -> None:
    with pytest.raises(Refused, match="name 'none' does not exist"):
        await world.run_job_flow(SecurityConfiguration="none")
    give(world, "empty", {})
    cluster = await world.run_job_flow(SecurityConfiguration="empty")
    assert cluster_response(cluster, world.clock.now())["SecurityConfiguration"] == "empty"


@in_a_small_world
async def test_kerberos_needs_a_configuration_that_enables_it_and_tells_no_password(world: SmallWorld) -> None:
    give(world, "empty", {})
    give(world, "kerberos", KERBEROS)
    with pytest.raises(Refused, match="that enables Kerberos"):
        await world.run_job_flow(SecurityConfiguration="empty", KerberosAttributes=ATTRIBUTES)
    cluster = await world.run_job_flow(SecurityConfiguration="kerberos", KerberosAttributes=ATTRIBUTES)
    told = cluster_response(cluster, world.clock.now())["KerberosAttributes"]
    assert told == {"Realm": "EC2.INTERNAL", "KdcAdminPassword": "********", "ADDomainJoinUser": "joe"}
    assert "hunter2" not in repr(cluster)


@pytest.mark.parametrize("name", ["KdcAdminPassword", "CrossRealmTrustPrincipalPassword", "ADDomainJoinPassword"])
@pytest.mark.parametrize("password", ["hunter2" * 50, "hunter2\0"], ids=["too long", "no text"])
def test_a_password_that_breaks_a_constraint_is_not_repeated(name: str, password: str) -> None:
    attributes = {**ATTRIBUTES, name: password}
    with pytest.raises(AwsError, match=f"(?i)at 'kerberosAttributes.{name}'") as refused:
        wire.read("RunJobFlow", {"Name": "n", "Instances": {}, "KerberosAttributes": attributes})
    assert "hunter2" not in refused.value.message


@pytest.mark.parametrize(
    ("attributes", "type_name"),
    [
        ({**ATTRIBUTES, "KdcAdminPassword": ["hunter2"]}, "A list is no string"),
        ({**ATTRIBUTES, "KdcAdminPassword": {"is": "hunter2"}}, "A structure is no string"),
        ({**ATTRIBUTES, "KdcAdminPassword": 4711}, "A number is no string"),
        ([{**ATTRIBUTES, "KdcAdminPassword": "hunter2"}], "A list is no structure"),
        ('{"KdcAdminPassword": "hunter2"}', "A string is no structure"),
    ],
)
def test_a_password_of_the_wrong_type_is_not_repeated(attributes: object, type_name: str) -> None:
    with pytest.raises(AwsError, match=type_name) as refused:
        wire.read("RunJobFlow", {"Name": "n", "Instances": {}, "KerberosAttributes": attributes})
    assert "hunter2" not in refused.value.message
    assert "4711" not in refused.value.message


def test_what_is_no_password_is_repeated_when_it_has_the_wrong_type() -> None:
    with pytest.raises(AwsError, match=r"4711 is no string \(XmlStringMaxLen256\)"):
        wire.read("RunJobFlow", {"Name": "n", "Instances": {}, "KerberosAttributes": {**ATTRIBUTES, "Realm": 4711}})


def test_what_is_no_password_is_repeated_when_it_breaks_a_constraint() -> None:
    attributes = {**ATTRIBUTES, "Realm": "R" * 300}
    with pytest.raises(AwsError, match=r"Value 'R{300}' at 'kerberosAttributes\.realm'"):
        wire.read("RunJobFlow", {"Name": "n", "Instances": {}, "KerberosAttributes": attributes})


@in_a_small_world
async def test_steps_have_a_runtime_role_where_the_configuration_enables_it(world: SmallWorld) -> None:
    give(world, "empty", {})
    give(world, "roles", RUNTIME_ROLES)
    without = await world.run_job_flow(SecurityConfiguration="empty")
    with pytest.raises(Refused, match="EnableApplicationScopedIAMRole"):
        await world.call("AddJobFlowSteps", JobFlowId=without.id, Steps=[SPARK_STEP], ExecutionRoleArn=ROLE)
    cluster = await world.run_job_flow(SPARK_STEP, SecurityConfiguration="roles", StepExecutionRoleArn=ROLE)
    await world.call("AddJobFlowSteps", JobFlowId=cluster.id, Steps=[SPARK_STEP], ExecutionRoleArn=ROLE)
    await world.call("AddJobFlowSteps", JobFlowId=cluster.id, Steps=[step()])
    told = [
        (await world.call("DescribeStep", ClusterId=cluster.id, StepId=one.id))["Step"]["ExecutionRoleArn"]
        for one in cluster.steps
    ]
    assert told == [ROLE, ROLE, None]
    three = await world.run_job_flow(groups=[{**PRIMARY, "InstanceCount": 3}], SecurityConfiguration="roles")
    with pytest.raises(Refused, match="three primary instances"):
        await world.call("AddJobFlowSteps", JobFlowId=three.id, Steps=[SPARK_STEP], ExecutionRoleArn=ROLE)
