"""What a task log shows of a step's own logs, and the exception that says why a step did not complete."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_emr_pipelines import settings
from airflow_emr_pipelines.errors import StepCancelled, StepFailed, StepLost
from airflow_emr_pipelines.specs.ec2.states import StepState

if TYPE_CHECKING:
    from airflow_emr_pipelines.hooks.ec2.emr import EmrHook
    from airflow_emr_pipelines.logs.cause import Cause
    from airflow_emr_pipelines.logs.files import LogFile
    from airflow_emr_pipelines.specs.ec2.reports import ClusterReport, StepReport

TAIL_LINES = 50
LONGEST_LINE = 4000
"""Characters of a line that are shown: a program may print megabytes without a line's end."""


def failure_of(report: StepReport, hook: EmrHook, *, log: Any) -> StepFailed:
    """The exception that says why a step did not complete; the tails of its logs are shown on the way."""
    from airflow_emr_pipelines.logs.cause import lost_machines, probable_cause

    cluster = _cluster_of(report, hook, log)
    logs = _show(report, cluster, hook, log, logging.ERROR) if cluster else ()
    probable = probable_cause(report, logs)
    cause = str(probable)
    kind = StepCancelled if report.state is StepState.CANCELLED else StepFailed
    if cluster is not None and cluster.lost:
        kind, cause = StepLost, f"its cluster was lost, {cluster.code}: {cluster.message}; {cause}"
    elif lost_machines(probable.words):
        kind = StepLost
    if probable.file:
        log.info("The probable cause stands in the %s of step %s: %s", probable.file.name, report.id, probable.words)
    return kind(
        report.cluster_id, report.id, report.name, report.state.value, cause, _where_to_read(probable, report, logs)
    )


def _where_to_read(cause: Cause, report: StepReport, logs: Sequence[LogFile]) -> str | None:
    """The address of the file in which the cause stands, or of one in which it may."""
    stderr = next((file.address for file in logs if file.name.endswith("stderr")), None)
    return cause.file.address if cause.file else report.log_file or stderr


def show_logs(report: StepReport, hook: EmrHook, *, log: Any, level: int) -> None:
    """Put the tails of the step's logs into the task log, each as a folded group.

    Logs that cannot be found change nothing about how the step ended.
    """
    cluster = _cluster_of(report, hook, log)
    if cluster is not None:
        _show(report, cluster, hook, log, level)


def _cluster_of(report: StepReport, hook: EmrHook, log: Any) -> ClusterReport | None:
    from airflow_emr_pipelines.hooks.sending import retry_until_clear

    describe = partial(hook.describe_cluster, report.cluster_id)
    try:
        return retry_until_clear(describe, operation="DescribeCluster", patience=settings.log_wait_seconds())
    except Exception as error:
        log.warning("Where the logs of step %s are is not known: %s", report.id, error)
        return None


def _show(report: StepReport, cluster: ClusterReport, hook: EmrHook, log: Any, level: int) -> Sequence[LogFile]:
    if not report.started:
        log.info("Step %s never started, so it has no logs", report.id)
        return ()
    read = _read(report, cluster, hook, log)
    found = [_without_secrets(file) for file in read]
    for said, file in zip(read, found, strict=True):
        lines = file.lines[-TAIL_LINES:]
        log.info("::group::%s of step %s, last %d of %d lines", file.name, report.id, len(lines), len(file.lines))
        log.info("%s", file.address)
        for line, whole in zip(lines, said.lines[-TAIL_LINES:], strict=True):
            log.log(level if "stderr" in file.name else logging.INFO, "%s", _shown(line, len(whole)))
        log.info("::endgroup::")
    return found


def _without_secrets(file: LogFile) -> LogFile:
    """The whole log masked before a line of it is taken: what a line says may be the middle of a secret."""
    from airflow_emr_pipelines.specs.values.masking import lines_without_secrets

    return dataclasses.replace(file, lines=tuple(lines_without_secrets(file.lines)))


def _shown(line: str, length: int) -> str:
    """A line without secrets, cut where it is too long, with the length that it had."""
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}… (a line of {length} characters)"


def _read(report: StepReport, cluster: ClusterReport, hook: EmrHook, log: Any) -> Sequence[LogFile]:
    """The logs, from CloudWatch where they are at once, and from S3, which is waited for when nothing else has them."""
    from airflow_emr_pipelines.logs.cloud_watch import CloudWatchStepLogs
    from airflow_emr_pipelines.logs.files import StepLogs

    found: list[LogFile] = []
    if cluster.log_group:
        watched = CloudWatchStepLogs(hook.logs, cluster, report)
        log.info("Reading the logs of step %s from %s", report.id, watched.address)
        found = watched.read()
    log_uri = cluster.log_uri or report.log_uri
    if not log_uri:
        if not found:
            log.warning("Cluster %s has no log URI, so the step's logs are nowhere to be read", report.cluster_id)
        return found
    files = StepLogs(hook.s3, log_uri, report)
    log.info("Reading the logs of step %s from %s", report.id, files.address)
    wait_seconds = 0.0 if found else settings.log_wait_seconds()
    stored = files.wait(wait_seconds)
    if not found and not stored:
        log.warning("No logs of step %s under %s after %g s", report.id, files.address, wait_seconds)
    have = {file.name for file in found}
    return [*found, *(file for file in stored if file.name not in have)]
