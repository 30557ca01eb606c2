"""Where a cluster's logs go besides its log URI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Literal, get_args

from airflow_emr_pipelines.specs.values import arns, rules
from airflow_emr_pipelines.specs.values.base import Spec
from airflow_emr_pipelines.specs.values.templates import is_rendered

LogType = Literal["STEP_LOGS", "SPARK_DRIVER", "SPARK_EXECUTOR"]
LogFile = Literal["STDOUT", "STDERR"]
S3LogType = Literal["system-logs", "application-logs", "persistent-ui-logs"]
UploadPolicy = Literal["emr-managed", "on-customer-s3only", "disabled"]
AGENT = "AmazonCloudWatchAgent"


@dataclass(frozen=True)
class CloudWatchLogs(Spec):
    """Logs in CloudWatch, as they are written. The cluster needs the application AmazonCloudWatchAgent.

    Source: https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-plan-logging-cw.html

    :param log_group_name: the log group; EMR's own unless given
    :param log_stream_name_prefix: what the names of the streams begin with
    :param encryption_key_arn: the KMS key that encrypts the logs
    :param log_types: of STEP_LOGS, SPARK_DRIVER and SPARK_EXECUTOR, which of STDOUT and STDERR; empty for EMR's choice
    """

    kind = "cloud_watch_logs"

    log_group_name: str | None = None
    log_stream_name_prefix: str | None = None
    _: KW_ONLY
    encryption_key_arn: str | None = None
    log_types: Mapping[LogType | str, Sequence[LogFile | str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.check(rules.text, "log_group_name", "log_stream_name_prefix")
        self.check(arns.kms_key_arn, "encryption_key_arn")
        self.check(rules.settings, "log_types", name=_log_type, each=_log_files)


@dataclass(frozen=True)
class MonitoringConfiguration(Spec):
    """What is logged where.

    :param cloud_watch: logs in CloudWatch; None for none
    :param s3_upload_policy: of system-logs, application-logs and persistent-ui-logs: emr-managed, on-customer-s3only or
        disabled
    """

    kind = "monitoring_configuration"

    cloud_watch: CloudWatchLogs | None = None
    s3_upload_policy: Mapping[S3LogType | str, UploadPolicy | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.check(rules.instance, "cloud_watch", kind=CloudWatchLogs)
        self.check(rules.settings, "s3_upload_policy", name=_s3_log_type, each=_upload_policy)
        if (
            is_rendered(self.s3_upload_policy)
            and self.s3_upload_policy.get("persistent-ui-logs") == "on-customer-s3only"
        ):
            self.refuse(
                "s3_upload_policy",
                "logs of persistent UIs cannot be in your bucket only",
                "choose emr-managed or disabled for them",
                value={"persistent-ui-logs": "on-customer-s3only"},
            )


def _log_type(field: str, name: Any) -> Any:
    return rules.choice(field, name, choices=get_args(LogType))


def _log_files(field: str, files: Any) -> Any:
    return rules.words(field, files, each=_log_file)


def _log_file(field: str, file: Any) -> Any:
    return rules.choice(field, file, choices=get_args(LogFile))


def _s3_log_type(field: str, name: Any) -> Any:
    return rules.choice(field, name, choices=get_args(S3LogType))


def _upload_policy(field: str, policy: Any) -> Any:
    return rules.choice(field, policy, choices=get_args(UploadPolicy))
