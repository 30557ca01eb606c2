"""A DAG whose connection, cluster and steps have to do with secrets."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG

from airflow_emr_pipelines import (
    EmrCluster,
    EmrCreateClusterOperator,
    EmrRunStepOperator,
    EmrTerminateClusterOperator,
    InstanceGroups,
    OnFailure,
    ScriptRunnerStep,
    ShellStep,
)
from airflow_emr_pipelines.specs.ec2.kerberos import KerberosAttributes, Secret

CLUSTER = EmrCluster(
    "secretive",
    "emr-7.10.0",
    InstanceGroups(primary="m5.xlarge"),
    log_uri="s3://{{ params.bucket }}/",
    tags={"team": "secretive"},
    security_configuration="{{ params.security_configuration }}",
    kerberos=KerberosAttributes("EC2.INTERNAL", Secret("kept_password")),
)
OF_THE_CONNECTION: dict[str, Any] = {"aws_conn_id": "marked"}
SCRIPT = "s3://{{ params.bucket }}/tell.sh"
WORDS = {"tolerated": OnFailure.CONTINUE}

with DAG("secrets", schedule=None, params={"bucket": "none", "security_configuration": "none"}):
    create = EmrCreateClusterOperator(task_id="create", cluster=CLUSTER, **OF_THE_CONNECTION)
    end = EmrTerminateClusterOperator(
        task_id="end", cluster_id=create.output, trigger_rule="all_done", **OF_THE_CONNECTION
    )
    for name, exit_code, fields in (
        ("shown", "0", {"show_logs": "always"}),
        ("failed", "1", {"deferrable": True}),
        ("failed_in_the_worker", "1", {"deferrable": False}),
        ("tolerated", "1", {}),
    ):
        word = WORDS.get(name, OnFailure.CANCEL_AND_WAIT)
        step = ScriptRunnerStep(name, SCRIPT, [exit_code], region="us-east-1", on_failure=word)
        run = EmrRunStepOperator(
            task_id=name,
            cluster_id=create.output,
            step=step,
            **OF_THE_CONNECTION,
            **fields,
        )
        create >> run >> end

with DAG("handed_on", schedule=None, params={"cluster_id": "j-NONE", "said": ""}):
    EmrRunStepOperator(
        task_id="told", cluster_id="{{ params.cluster_id }}", step=ShellStep("told", "echo {{ params.said }}")
    )
