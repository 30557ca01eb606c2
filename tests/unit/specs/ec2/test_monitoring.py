from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster, InstanceGroups
from airflow_emr_pipelines.specs.ec2.monitoring import CloudWatchLogs, MonitoringConfiguration

NOT_TO_S3 = {"system-logs": "disabled", "application-logs": "disabled"}


def cluster(release_label: str = "emr-7.12.0", **fields: Any) -> EmrCluster:
    return EmrCluster("daily", release_label, InstanceGroups("m5.xlarge"), **fields)


def test_step_logs_go_to_cloud_watch() -> None:
    logs = CloudWatchLogs("emr", "daily", log_types={"STEP_LOGS": ["STDOUT", "STDERR"], "SPARK_DRIVER": ["STDERR"]})
    watched = cluster(monitoring=MonitoringConfiguration(logs), applications=["Spark", "amazoncloudwatchagent"])
    assert watched.monitoring == MonitoringConfiguration(cloud_watch=logs)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        pytest.param(
            lambda: MonitoringConfiguration(s3_upload_policy={"persistent-ui-logs": "on-customer-s3only"}),
            "cannot be in your bucket only",
            id="persistent-ui-logs cannot be on-customer-s3only",
        ),
        pytest.param(
            lambda: cluster(monitoring=MonitoringConfiguration(s3_upload_policy=NOT_TO_S3), log_uri="s3://logs/"),
            r"log_uri = .*both disabled; leave log_uri out",
            id="LogUri is absent when system and application logs are both disabled",
        ),
        pytest.param(
            lambda: cluster(monitoring=MonitoringConfiguration(s3_upload_policy={"system-logs": "on-customer-s3only"})),
            'add log_uri="s3:',
            id="on-customer-s3only needs a LogUri",
        ),
        pytest.param(
            lambda: MonitoringConfiguration(s3_upload_policy={"step-logs": "disabled"}),
            "none of system-logs, application-logs, persistent-ui-logs",
            id="S3 has three types of logs",
        ),
        pytest.param(
            lambda: MonitoringConfiguration(s3_upload_policy={"system-logs": "never"}),
            "none of emr-managed, on-customer-s3only, disabled",
            id="S3 has three upload policies",
        ),
        pytest.param(
            lambda: CloudWatchLogs(log_types={"STEPS": ["STDOUT"]}),
            "none of STEP_LOGS, SPARK_DRIVER, SPARK_EXECUTOR",
            id="CloudWatch has three types of logs",
        ),
        pytest.param(
            lambda: CloudWatchLogs(log_types={"STEP_LOGS": ["stdout"]}),
            "none of STDOUT, STDERR",
            id="CloudWatch has two files of each",
        ),
        pytest.param(lambda: CloudWatchLogs(log_types={"STEP_LOGS": "STDOUT"}), "it is a list", id="files are a list"),
        pytest.param(
            lambda: CloudWatchLogs(encryption_key_arn="alias/logs"),
            "it is no ARN of a KMS key",
            id="the key of CloudWatch logs is an ARN",
        ),
        pytest.param(
            lambda: cluster(
                "emr-7.10.0",
                monitoring=MonitoringConfiguration(CloudWatchLogs()),
                applications=["AmazonCloudWatchAgent"],
            ),
            "logs in CloudWatch: it needs emr-7.11.0",
            id="logs in CloudWatch need emr-7.11.0",
        ),
        pytest.param(
            lambda: cluster(monitoring=MonitoringConfiguration(CloudWatchLogs())),
            'add "AmazonCloudWatchAgent"',
            id="logs in CloudWatch need the agent",
        ),
        pytest.param(
            lambda: cluster(log_encryption_kms_key_id="alias/logs"),
            "no logs without log_uri",
            id="LogEncryptionKmsKeyId needs a LogUri",
        ),
        *(
            pytest.param(
                lambda key=key: cluster(log_encryption_kms_key_id=key, log_uri="s3://logs/"),
                "it is no KMS key",
                id=f"{key} is no KMS key",
            )
            for key in ("key/analytics-kms-key", "arn:aws:kms:region:account:key/1234", "analytics")
        ),
        *(
            pytest.param(
                lambda release=release: cluster(
                    release, log_encryption_kms_key_id="alias/logs", log_uri="s3://logs/", idle_timeout=None
                ),
                "log encryption with a key of yours: it needs emr-5.30.0",
                id=f"LogEncryptionKmsKeyId is not in {release}",
            )
            for release in ("emr-5.29.0", "emr-6.0.0")
        ),
    ],
)
def test_logs_that_emr_would_refuse(make: Callable[[], Any], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        make()


@pytest.mark.parametrize(
    "key",
    [
        "arn:aws-cn:kms:cn-north-1:111122223333:alias/logs",
        "mrk-1234567890abcdef1234567890abcdef",
        "1234abcd-12ab-34cd-56ef-1234567890ab",
        "alias/logs",
        "{{ var.value.key }}",
    ],
)
def test_a_key_for_logs_is_an_arn_an_id_or_an_alias(key: str) -> None:
    assert cluster(log_encryption_kms_key_id=key, log_uri="s3://logs/").log_encryption_kms_key_id == key
