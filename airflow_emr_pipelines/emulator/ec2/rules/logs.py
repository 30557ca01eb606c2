"""Where a cluster's logs go.

Source of what CloudWatch needs: https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-plan-logging-cw.html
"""

from __future__ import annotations

import re

from airflow_emr_pipelines.emulator.aws.errors import Refused
from airflow_emr_pipelines.emulator.ec2.rules.releases import Release, Request, supported_from

LOG_URI = re.compile(r"s3[na]?://[^/]+")
AGENT = "AmazonCloudWatchAgent"
LOG_TYPES, FILES = ("STEP_LOGS", "SPARK_DRIVER", "SPARK_EXECUTOR"), ("STDOUT", "STDERR")


def log_uri(address: str) -> None:
    if not LOG_URI.match(address):
        raise Refused("The LogUri must be an S3 address, s3://bucket/folder/.")


def logging(request: Request, release: Release) -> None:
    """Refuse what a RunJobFlow says of logs and EMR would refuse."""
    if "LogUri" in request:
        log_uri(request["LogUri"])
    if "LogEncryptionKmsKeyId" in request:
        supported_from("LogEncryptionKmsKeyId", (5, 30, 0), release, but=[(6, 0, 0)])
    monitoring = request.get("MonitoringConfiguration", {})
    policies = monitoring.get("S3LoggingConfiguration", {}).get("LogTypeUploadPolicy", {})
    if policies.get("persistent-ui-logs") == "on-customer-s3only":
        raise Refused("The upload policy of persistent-ui-logs cannot be on-customer-s3only.")
    if "on-customer-s3only" in policies.values() and "LogUri" not in request:
        raise Refused("The upload policy on-customer-s3only needs a LogUri.")
    if "LogUri" in request and policies.get("system-logs") == policies.get("application-logs") == "disabled":
        raise Refused("LogUri cannot be specified when system-logs and application-logs are disabled.")
    _cloud_watch(monitoring.get("CloudWatchLogConfiguration", {}), request, release)


def _cloud_watch(logs: Request, request: Request, release: Release) -> None:
    if logs.get("Enabled"):
        supported_from("CloudWatchLogConfiguration", (7, 11, 0), release)
        if AGENT.lower() not in [str(one.get("Name")).lower() for one in request.get("Applications", ())]:
            raise Refused(f"CloudWatchLogConfiguration needs the application {AGENT}.")
    for kind, files in logs.get("LogTypes", {}).items():
        if kind not in LOG_TYPES:
            raise Refused(f"The log type {kind} is invalid: {', '.join(LOG_TYPES)}.")
        for file in files:
            if file not in FILES:
                raise Refused(f"The file {file} of log type {kind} is invalid: {', '.join(FILES)}.")
