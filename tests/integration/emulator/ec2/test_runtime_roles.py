"""Runtime roles: which clusters and steps may have one, and where it is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.emulator.region import MASTER, Region, request, shell

ROLE = "arn:aws:iam::123456789012:role/job"
ENABLED = {"AuthorizationConfiguration": {"IAMConfiguration": {"EnableApplicationScopedIAMRole": True}}}
DISABLED = {"AuthorizationConfiguration": {"IAMConfiguration": {"EnableApplicationScopedIAMRole": False}}}


def command(*words: str, jar: str = "command-runner.jar") -> dict[str, Any]:
    return {"Name": "job", "ActionOnFailure": "CONTINUE", "HadoopJarStep": {"Jar": jar, "Args": list(words)}}


SPARK = command("spark-submit", "--deploy-mode", "cluster", "s3://b/job.py")


@pytest.fixture(scope="module")
def configured(region: Region) -> Region:
    """The region, with a security configuration that enables runtime roles and one that does not."""
    for name, content in (("enabled", ENABLED), ("disabled", DISABLED)):
        region.emr.create_security_configuration(Name=name, SecurityConfiguration=json.dumps(content))
    return region


@pytest.fixture(scope="module")
def cluster(configured: Region) -> str:
    return configured.run(SecurityConfiguration="enabled")


def add(region: Region, cluster: str, *steps: dict[str, Any]) -> list[str]:
    ids: list[str] = region.emr.add_job_flow_steps(JobFlowId=cluster, Steps=list(steps), ExecutionRoleArn=ROLE)[
        "StepIds"
    ]
    return ids


def refusal(call: Any, *arguments: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(*arguments, **parameters)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    message: str = refused.value.response["Error"]["Message"]
    return message


@pytest.mark.parametrize(
    "step",
    [
        SPARK,
        command("spark-sql", "-f", "s3://b/query.sql"),
        command("/usr/bin/spark-submit", "s3://b/job.py"),
        command("hive-script", "--run-hive-script", "--args", "-f", "s3://b/query.q"),
        command("bash", "-c", '"aws s3 ls"'),
    ],
)
def test_spark_and_hive_steps_may_have_a_runtime_role(configured: Region, cluster: str, step: dict[str, Any]) -> None:
    (found,) = add(configured, cluster, step)
    assert configured.step(cluster, found)["ExecutionRoleArn"] == ROLE


def test_a_runtime_role_is_that_of_the_steps_of_one_call(configured: Region, cluster: str) -> None:
    first, second = add(configured, cluster, SPARK, SPARK)
    (without,) = configured.add(cluster, SPARK)
    told = [configured.step(cluster, step).get("ExecutionRoleArn") for step in (first, second, without)]
    assert told == [ROLE, ROLE, None]


def test_the_first_steps_of_a_cluster_may_have_a_runtime_role(configured: Region) -> None:
    cluster = configured.run(SPARK, SecurityConfiguration="enabled", StepExecutionRoleArn=ROLE)
    (step,) = configured.steps(cluster)
    assert configured.step(cluster, step["Id"])["ExecutionRoleArn"] == ROLE


@pytest.mark.parametrize(
    "step",
    [
        command("pig-script", "--run-pig-script", "--args", "-f", "s3://b/script.pig"),
        command("hadoop-streaming", "-input", "s3://b/in"),
        command("s3-dist-cp", "--src", "s3://b/in", "--dest", "hdfs:///in"),
        command("flink", "run", "-m", "yarn-cluster", "s3://b/job.jar"),
        command("job", jar="s3://b/job.jar"),
        command("s3://b/script.sh", jar="s3://us-east-1.elasticmapreduce/libs/script-runner/script-runner.jar"),
        command(),
    ],
)
def test_other_steps_have_no_runtime_role_and_keep_those_beside_them_out(
    configured: Region, cluster: str, step: dict[str, Any]
) -> None:
    before = len(configured.steps(cluster))
    assert "supported for Spark and Hive steps" in refusal(add, configured, cluster, SPARK, step)
    assert len(configured.steps(cluster)) == before
    more: dict[str, Any] = {"SecurityConfiguration": "enabled", "StepExecutionRoleArn": ROLE}
    assert "Spark and Hive steps" in refusal(configured.emr.run_job_flow, **request(SPARK, step, **more))


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        ("needs a SecurityConfiguration", {"SecurityConfiguration": None}),
        ("EnableApplicationScopedIAMRole to true", {"SecurityConfiguration": "disabled"}),
        ("from emr-6.7.0", {"ReleaseLabel": "emr-6.6.0"}),
        ("three primary instances", {"instances": {"InstanceGroups": [{**MASTER, "InstanceCount": 3}]}}),
    ],
)
def test_other_clusters_have_no_runtime_roles(configured: Region, why: str, changes: dict[str, Any]) -> None:
    shape = {"SecurityConfiguration": "enabled", **changes}
    cluster = configured.run(**shape)
    assert why in refusal(add, configured, cluster, SPARK)
    assert configured.steps(cluster) == []
    asked = request(SPARK, StepExecutionRoleArn=ROLE, **shape)
    assert why in refusal(configured.emr.run_job_flow, **asked)


def test_the_first_release_with_runtime_roles_has_them(configured: Region) -> None:
    cluster = configured.run(SecurityConfiguration="enabled", ReleaseLabel="emr-6.7.0")
    assert len(add(configured, cluster, SPARK)) == 1


def test_under_a_runtime_role_a_command_of_bash_wants_quotes_of_its_own(configured: Region) -> None:
    cluster = configured.run(SecurityConfiguration="enabled")
    quoted, unquoted = add(
        configured, cluster, command("bash", "-c", '"test a = a"'), command("bash", "-c", "test a = a")
    )
    (plain,) = configured.add(cluster, shell("test a = a"))
    assert configured.wait_step(cluster, quoted)["Status"]["State"] == "COMPLETED"
    assert configured.wait_step(cluster, unquoted)["Status"]["State"] == "FAILED"
    assert configured.wait_step(cluster, plain)["Status"]["State"] == "COMPLETED"
