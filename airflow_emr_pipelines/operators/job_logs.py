"""What a task log shows of a job's own logs, and the exception that says why a job did not complete."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_emr_pipelines.errors import StepCancelled, StepFailed, StepLost
from airflow_emr_pipelines.logs.layouts import LAYOUTS
from airflow_emr_pipelines.specs.reports import JobReport

if TYPE_CHECKING:
    from airflow_emr_pipelines.hooks.compute import JobCompute
    from airflow_emr_pipelines.logs.cause import Cause
    from airflow_emr_pipelines.logs.files import LogFile

TAIL_LINES = 50
LONGEST_LINE = 4000
"""Characters of a line that are shown: a program may print megabytes without a line's end."""

J = TypeVar("J", bound=JobReport)


def failure_of(compute: JobCompute[J], report: J, *, log: Any) -> StepFailed:
    """The exception that says why a job did not complete; the tails of its logs are shown on the way."""
    from airflow_emr_pipelines.logs.cause import lost_machines, probable_cause

    logs = compute.log_files(report, log=log)
    files = _show(compute.noun, report, logs.files, log, logging.ERROR)
    probable = probable_cause(report, files)
    cause = str(probable)
    kind = StepCancelled if report.state.cancelled else StepFailed
    if logs.lost is not None:
        kind, cause = StepLost, f"{logs.lost}; {cause}"
    elif lost_machines(probable.words):
        kind = StepLost
    if probable.file:
        where = (probable.file.name, compute.noun, report.id)
        log.info("The probable cause stands in the %s of %s %s: %s", *where, probable.words)
    return report.failure(kind, cause, _where_to_read(probable, report, files))


def _where_to_read(cause: Cause, report: JobReport, logs: Sequence[LogFile]) -> str | None:
    """The address of the file in which the cause stands, or of one in which it may."""
    stderr = next((file.address for file in logs if file.name.endswith("stderr")), None)
    return cause.file.address if cause.file else report.log_file or stderr


def show_logs(compute: JobCompute[J], report: J, *, log: Any, level: int) -> None:
    """Put the tails of the job's logs into the task log, each as a folded group.

    Logs that cannot be found change nothing about how the job ended.
    """
    _show(compute.noun, report, compute.log_files(report, log=log).files, log, level)


def say_where(compute: JobCompute[J], job: Mapping[str, Any], log_uri: Any, history: str | None, *, log: Any) -> None:
    """Say where to read of a job that has completed; of one that has failed the exception says it.

    :param job: its ids, by the service's own names
    :param log_uri: where its logs go, if anywhere
    :param history: the page of Spark's history of it, where there is one
    """
    from airflow_emr_pipelines.logs.files import log_folder

    if log_uri:
        folder = LAYOUTS[compute.backend].folder(job)
        log.info("Its logs arrive in %s/%s, some minutes late", log_folder(str(log_uri)), folder)
    else:
        log.info("Its logs are nowhere to be read, since its %s has no log URI", compute.runs_on)
    if history:
        log.info("Its Spark UI is the task's link Spark history: %s", history)


def _show(noun: str, report: JobReport, read: Sequence[LogFile], log: Any, level: int) -> Sequence[LogFile]:
    """Put the tails into the task log; the files without the secrets in them."""
    files = [_without_secrets(file) for file in read]
    for whole, file in zip(read, files, strict=True):
        lines = file.lines[-TAIL_LINES:]
        log.info("::group::%s of %s %s, last %d of %d lines", file.name, noun, report.id, len(lines), len(file.lines))
        log.info("%s", file.address)
        for line, unmasked in zip(lines, whole.lines[-TAIL_LINES:], strict=True):
            log.log(level if "stderr" in file.name else logging.INFO, "%s", _shown(line, len(unmasked)))
        log.info("::endgroup::")
    return files


def _without_secrets(file: LogFile) -> LogFile:
    """The whole log masked before a line of it is taken: what a line says may be the middle of a secret."""
    from airflow_emr_pipelines.specs.values.masking import lines_without_secrets

    return dataclasses.replace(file, lines=tuple(lines_without_secrets(file.lines)))


def _shown(line: str, length: int) -> str:
    """A line without secrets, cut where it is too long, with the length that it had."""
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}… (a line of {length} characters)"
