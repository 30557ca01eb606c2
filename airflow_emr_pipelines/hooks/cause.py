"""The line of a failed step's logs that says why it failed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from airflow_emr_pipelines.hooks.logs import LogFile
from airflow_emr_pipelines.specs.reports import StepReport

ORDER = ("driver stdout", "driver stderr", "stderr", "stdout", "controller", "syslog")
"""Where a cause is looked for first: the driver knows better than the client that waited for it."""

PYTHON_ERROR = re.compile(r"^(?:[A-Za-z_][\w.]*\.)?[A-Za-z_]\w*(?:Error|Exception|Exit|Interrupt)\b(?::.*)?$")
TELLING = (
    re.compile(r"^Caused by: (.+)$"),
    re.compile(r'^Exception in thread "[^"]*" (.+)$'),
    re.compile(r"\b((?:[a-z][\w$]*\.)+[A-Z][\w$]*(?:Exception|Error): .+)$"),
    re.compile(r"^(?:[\d/:., -]+)?(?:ERROR|FATAL)\b[:\s](.+)$"),
    re.compile(r"^(?:Error|error|FAILED|fatal error|[\w./-]+: (?:error|line \d+))[:\s](.+)$"),
)
CHATTER = re.compile(r"^\d\d(?:\d\d)?[/-]\d\d[/-]\d\d[ T][\d:,.]+ (?:INFO|WARN|DEBUG)\b")
"""Log4j's lines, among which a program's own last words stand."""
UNKNOWN = "Unknown Error"
"""What EMR gives as the reason when it cannot tell."""
LONGEST = 1000


def probable_cause(report: StepReport, logs: Sequence[LogFile]) -> str:
    """Why the step ended as it did, in a line: from its logs, from EMR's failure details, or that neither says."""
    by_name = {file.name: file for file in reversed(logs)}
    for name in ORDER:
        if name in by_name and (found := _telling_line(by_name[name].lines)):
            return found[:LONGEST]
    details = " ".join(text for text in (report.reason, report.message) if text and text != UNKNOWN)
    spoken = (line for name in ORDER[:4] if name in by_name for line in reversed(by_name[name].lines))
    last = next((line.strip() for line in spoken if line.strip() and not CHATTER.match(line)), "")
    return (details or last)[:LONGEST] or "neither EMR's failure details nor the logs say why"


def _telling_line(lines: Sequence[str]) -> str | None:
    return _python_error(lines) or next(
        (match.group(0).strip() for pattern in TELLING for line in reversed(lines) if (match := pattern.search(line))),
        None,
    )


def _python_error(lines: Sequence[str]) -> str | None:
    """The last line of the last Python traceback: the first line after it that is not indented."""
    for start in range(len(lines) - 1, -1, -1):
        if lines[start].startswith("Traceback (most recent call last):"):
            return next((line.strip() for line in lines[start + 1 :] if PYTHON_ERROR.match(line)), None)
    return None
