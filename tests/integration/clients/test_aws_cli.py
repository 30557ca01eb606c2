"""The AWS CLI, with the shorthand and the defaults that are its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.clients.conftest import output_of
from tests.integration.emulator.region import CORE, MASTER, Region, states

Aws = Callable[..., Any]

GROUPS = (
    "InstanceGroupType=MASTER,InstanceCount=1,InstanceType=m5.xlarge",
    "InstanceGroupType=CORE,InstanceCount=2,InstanceType=r5.xlarge,BidPrice=0.2",
)
SPOT = "{SpotSpecification={TimeoutDurationMinutes=10,TimeoutAction=SWITCH_TO_ON_DEMAND}}"
TYPES = "[{InstanceType=m5.xlarge,WeightedCapacity=2},{InstanceType=r5.xlarge,WeightedCapacity=2}]"
FLEETS = (
    "InstanceFleetType=MASTER,TargetOnDemandCapacity=1,InstanceTypeConfigs=[{InstanceType=m5.xlarge}]",
    f"InstanceFleetType=CORE,TargetSpotCapacity=4,InstanceTypeConfigs={TYPES},LaunchSpecifications={SPOT}",
)
BLOCKS = "Type=CUSTOM_JAR,Name=blocks,ActionOnFailure=CONTINUE,Jar=command-runner.jar,Args=[sleep,1000]"
STREAMS = "[-files,s3://b/map.py,-mapper,map.py,-reducer,aggregate,-input,s3://b/in,-output,s3://b/out]"
STEPS = (
    "Type=Spark,Name=spark,ActionOnFailure=CONTINUE,Args=[--deploy-mode,cluster,--class,org.example.Main,s3://b/j.jar,10]",
    "Type=Hive,Name=hive,ActionOnFailure=CONTINUE,Args=[-f,s3://b/q.q,-d,INPUT=s3://b/in]",
    "Type=Pig,Name=pig,ActionOnFailure=CONTINUE,Args=[-f,s3://b/q.pig,-p,INPUT=s3://b/in]",
    f"Type=Streaming,Name=streaming,ActionOnFailure=CONTINUE,Args={STREAMS}",
    "Type=CUSTOM_JAR,Name=jar,ActionOnFailure=CONTINUE,Jar=s3://b/main.jar,MainClass=org.example.Main,Args=[a,b]",
)


@pytest.fixture
def aws(programs: Path, environment: dict[str, str]) -> Aws:
    """Runs ``aws emr …`` and answers what it prints, read as JSON, or its complaint when it is to fail."""

    def run(*words: str, fails: bool = False, **changed: str) -> Any:
        said = output_of([str(programs / "aws"), "emr", *words], {**environment, **changed}, fails=fails)
        return said if fails else json.loads(said or "null")

    return run


@pytest.fixture(scope="module")
def standing(region: Region) -> str:
    """A cluster that nobody has ended."""
    return region.run(Name="standing", instances={"InstanceGroups": [MASTER, CORE]})


def test_a_cluster_of_groups_is_made_by_shorthand_and_lives_until_it_is_ended(aws: Aws, region: Region) -> None:
    made = aws(
        *("create-cluster", "--name", "by CLI", "--release-label", "emr-7.10.0", "--use-default-roles"),
        *("--applications", "Name=Spark", "Name=Hive", "--instance-groups", *GROUPS),
        *("--ec2-attributes", "KeyName=key,SubnetIds=[subnet-0a1b2c3d]", "--tags", "team=data", "empty="),
        *("--steps", "Type=CUSTOM_JAR,Name=first,ActionOnFailure=CONTINUE,Jar=command-runner.jar,Args=[true]"),
        *("--log-uri", "s3://cli-logs/", "--step-concurrency-level", "3", "--ebs-root-volume-size", "30"),
        *("--auto-termination-policy", "IdleTimeout=3600", "--scale-down-behavior", "TERMINATE_AT_TASK_COMPLETION"),
    )
    cluster = made["ClusterId"]
    assert made["ClusterArn"].endswith(f":cluster/{cluster}")
    region.wait(cluster, "WAITING")
    assert aws("wait", "cluster-running", "--cluster-id", cluster) is None
    told = aws("describe-cluster", "--cluster-id", cluster)["Cluster"]
    assert (told["ServiceRole"], told["Ec2InstanceAttributes"]["IamInstanceProfile"]) == (
        "EMR_DefaultRole",
        "EMR_EC2_DefaultRole",
    )
    assert told["Tags"] == [{"Key": "team", "Value": "data"}, {"Key": "empty", "Value": ""}]
    assert {group["InstanceGroupType"]: group["RequestedInstanceCount"] for group in told["InstanceGroups"]} == {
        "MASTER": 1,
        "CORE": 2,
    }
    assert told["BootstrapActions"] == []
    (step,) = region.steps(cluster)
    region.wait_step(cluster, step["Id"], "COMPLETED")
    assert aws("wait", "step-complete", "--cluster-id", cluster, "--step-id", step["Id"]) is None
    assert aws("terminate-clusters", "--cluster-ids", cluster) is None
    region.wait(cluster, "TERMINATED")
    assert aws("wait", "cluster-terminated", "--cluster-id", cluster) is None
    assert [found["Id"] for found in aws("list-clusters", "--terminated")["Clusters"]] == [cluster]


def test_a_cluster_of_fleets_is_made_by_shorthand(aws: Aws, region: Region) -> None:
    cluster = aws(
        *("create-cluster", "--name", "fleets", "--release-label", "emr-7.10.0", "--use-default-roles"),
        *("--instance-fleets", *FLEETS, "--no-auto-terminate", "--no-termination-protected"),
        *("--bootstrap-actions", "Path=s3://no-such-bucket/setup.sh,Name=setup,Args=[a,b]"),
    )["ClusterId"]
    told = aws("describe-cluster", "--cluster-id", cluster)["Cluster"]
    fleets = {fleet["InstanceFleetType"]: fleet["TargetSpotCapacity"] for fleet in told["InstanceFleets"]}
    assert fleets == {"MASTER": 0, "CORE": 4}
    assert told["BootstrapActions"] == [
        {"Name": "setup", "ScriptPath": "s3://no-such-bucket/setup.sh", "Args": ["a", "b"]}
    ]
    assert region.wait(cluster, "TERMINATED_WITH_ERRORS")["Status"]["StateChangeReason"]["Code"] == "BOOTSTRAP_FAILURE"
    failed = aws("list-clusters", "--failed")["Clusters"]
    assert [found["Id"] for found in failed] == [cluster]


def test_steps_of_every_type_are_added_by_shorthand_and_cancelled(aws: Aws, region: Region, standing: str) -> None:
    blocking, *added = aws("add-steps", "--cluster-id", standing, "--steps", BLOCKS, *STEPS)["StepIds"]
    region.wait_step(standing, blocking, "RUNNING")
    told = aws("list-steps", "--cluster-id", standing, "--step-states", "PENDING")["Steps"]
    jars = {step["Name"]: (step["Config"]["Jar"], step["Config"]["Args"][:3]) for step in told}
    assert jars == {
        "spark": ("command-runner.jar", ["spark-submit", "--deploy-mode", "cluster"]),
        "hive": ("command-runner.jar", ["hive-script", "--run-hive-script", "--args"]),
        "pig": ("command-runner.jar", ["pig-script", "--run-pig-script", "--args"]),
        "streaming": ("command-runner.jar", ["hadoop-streaming", "-files", "s3://b/map.py"]),
        "jar": ("s3://b/main.jar", ["a", "b"]),
    }
    assert next(step for step in told if step["Name"] == "jar")["Config"]["MainClass"] == "org.example.Main"
    cancelled = aws("cancel-steps", "--cluster-id", standing, "--step-ids", *added)["CancelStepsInfoList"]
    assert [(info["StepId"], info["Status"]) for info in cancelled] == [(step, "SUBMITTED") for step in added]
    assert states(region.steps(standing, StepIds=added)) == ["CANCELLED"] * len(added)
    region.emr.cancel_steps(ClusterId=standing, StepIds=[blocking], StepCancellationOption="TERMINATE_PROCESS")
    region.wait_step(standing, blocking, "CANCELLED")
    assert "Waiter StepComplete failed" in aws(
        "wait", "step-complete", "--cluster-id", standing, "--step-id", blocking, fails=True
    )


def test_a_standing_cluster_is_changed(aws: Aws, region: Region, standing: str) -> None:
    aws("modify-cluster-attributes", "--cluster-id", standing, "--termination-protected", "--no-visible-to-all-users")
    told = region.describe(standing)
    assert (told["TerminationProtected"], told["VisibleToAllUsers"]) == (True, False)
    assert "termination protected" in aws("terminate-clusters", "--cluster-ids", standing, fails=True)
    aws("modify-cluster-attributes", "--cluster-id", standing, "--no-termination-protected", "--no-auto-terminate")
    task = "InstanceGroupType=TASK,InstanceCount=1,InstanceType=m5.2xlarge"
    (group,) = aws("add-instance-groups", "--cluster-id", standing, "--instance-groups", task)["InstanceGroupIds"]
    aws("modify-instance-groups", "--instance-groups", f"InstanceGroupId={group},InstanceCount=3")
    groups = region.emr.list_instance_groups(ClusterId=standing)["InstanceGroups"]
    assert next(found for found in groups if found["Id"] == group)["RequestedInstanceCount"] == 3


def test_a_refusal_is_told_in_emrs_words(aws: Aws) -> None:
    said = aws("describe-cluster", "--cluster-id", "j-NONE", fails=True)
    assert "An error occurred (InvalidRequestException) when calling the DescribeCluster operation: " in said
    assert "Cluster id 'j-NONE' is not valid." in said


def test_a_security_configuration_is_kept(aws: Aws) -> None:
    whole = {"EncryptionConfiguration": {"EnableInTransitEncryption": False, "EnableAtRestEncryption": False}}
    aws("create-security-configuration", "--name", "from the CLI", "--security-configuration", json.dumps(whole))
    told = aws("describe-security-configuration", "--name", "from the CLI")
    assert json.loads(told["SecurityConfiguration"]) == whole


def test_the_default_roles_are_made_in_iam(aws: Aws, region: Region) -> None:
    # The CLI finds the name of EMR's service by EMR's address, which must be AWS's: IAM alone is set on the emulator.
    only_iam = {"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_IAM": region.url, "AWS_DEFAULT_REGION": "us-east-1"}
    made = aws("create-default-roles", **only_iam)
    names = ["EMR_EC2_DefaultRole", "EMR_DefaultRole", "EMR_AutoScaling_DefaultRole"]
    assert [role["Role"]["RoleName"] for role in made] == names
    assert aws("create-default-roles", **only_iam) == []
    profile = region.client("iam").get_instance_profile(InstanceProfileName="EMR_EC2_DefaultRole")
    assert [role["RoleName"] for role in profile["InstanceProfile"]["Roles"]] == ["EMR_EC2_DefaultRole"]
