"""The line of a failed step's logs that says why it failed."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from airflow_emr_pipelines.logs.files import LogFile
from airflow_emr_pipelines.logs.known_causes import deadly, way_out
from airflow_emr_pipelines.specs.reports import JobReport
from airflow_emr_pipelines.specs.values.masking import without_secrets

ORDER = ("driver stdout", "driver stderr", "stderr", "stdout", "controller", "syslog")
"""Where a cause is looked for first: the driver knows better than the client that waited for it.

Spark hands a Python program's stderr to its own stdout, so that is where its tracebacks are.
"""
SPOKEN = ORDER[:4]
"""Where a program's own words are."""

TRACEBACK = re.compile(r"^(?:Traceback|(?:Caused by)?: .*\bTraceback) \(most recent call last\):$")
PYTHON_ERROR = re.compile(r"^([A-Za-z_][\w.]*)(?:: ?(.*))?$")
NO_SYNTAX = re.compile(r"^(?:SyntaxError|IndentationError|TabError): .+$")
PLACE = re.compile(r'^ *File "([^"]+)", line (\d+)')
MARKERS = re.compile(r"^[\s~^]*$")

JAVA_CAUSE = re.compile(r"^Caused by: (.+)$")
JAVA_ERROR = re.compile(r"(?<![\w$.])((?:[a-z][\w$]*\.)+[A-Z][\w$]*(?:Exception|Error): .+)$")
"""It is tried from the first of a name's parts only: from each it would take hours over a line of a megabyte."""
TELLING = (
    JAVA_CAUSE,
    re.compile(r'^Exception in thread "[^"]*" (.+)$'),
    re.compile(r"^\s*diagnostics: (?!N/A)(.+)$"),
    JAVA_ERROR,
    re.compile(r"^\[[A-Z0-9]+_[A-Z0-9_.]+\] .+$"),  # Spark's named conditions, as spark-sql prints them
    re.compile(r"^(?:\S+ \S+ )?(?:ERROR|FATAL)\b[:\s](.+)$"),
    re.compile(r"^(?:Error|error|FAILED|fatal error|[\w./-]+: (?:error|line \d+))[:\s].+$"),
)
GENERAL = re.compile(
    r"application exited with|finished with failed status|Py4JJavaError|SparkUserAppException|[Aa]borting (?:job|task)"
)
"""Lines that tell that it failed, and not why."""
JVM_IS_GONE = re.compile(r"py4j\.protocol\.Py4JNetworkError|ConnectionRefusedError")
"""What a Python program says when the JVM beside it has died, which knows better of what."""
CHATTER = re.compile(r"^\d\d(?:\d\d)?[/-]\d\d[/-]\d\d[ T][\d:,.]+Z? (?:INFO|WARN|DEBUG)\b")
"""Log4j's lines, among which a program's own last words stand."""
EXIT_CODE = re.compile(r"\bexit(?:ed with)?[ _]?[cC]ode:?[ =](\d+)")
LONGEST = 1000
LOST = re.compile(
    r"\*?lost\*? node|\bnode\b.*\b(?:lost|decommissioned)\b|spot (?:instance )?interruption", re.IGNORECASE
)
"""What YARN and Spark say of a container whose machine is gone."""


def lost_machines(cause: str) -> bool:
    """Whether a cause is that machines were lost, and not what ran on them."""
    return bool(LOST.search(cause))


@dataclass(frozen=True)
class Cause:
    """Why a step ended as it did: one line without secrets, and the file in which it stands, if it stands in one."""

    words: str
    file: LogFile | None = None

    def __str__(self) -> str:
        """The words and, where the kind of the cause is known, the way out."""
        known = way_out(self.words)
        return f"{self.words} ({known})" if known else self.words


def probable_cause(report: JobReport, logs: Sequence[LogFile]) -> Cause:
    """Why the job ended: from its logs, from EMR's failure details, or that neither says."""
    details = report.cause or ""
    if report.state.cancelled:
        return _cause(details or "it was cancelled, or its cluster was terminated before it had run")
    by_name = {file.name: file for file in reversed(logs)}
    in_order = [by_name[name] for name in ORDER if name in by_name]
    for find in FINDERS:
        for file in in_order:
            if found := find(file.lines):
                return _cause(found, file)
    if details and not GENERAL.search(details):
        return _cause(details)
    return _last_words(by_name) or _cause(details or "neither EMR's failure details nor the logs say why")


def _cause(words: str, file: LogFile | None = None) -> Cause:
    """A cause that can be shown and stored: PostgreSQL takes no JSON with a NUL in it."""
    return Cause(without_secrets(words).replace("\0", "\N{REPLACEMENT CHARACTER}")[:LONGEST], file)


def _deadly_line(lines: Sequence[str]) -> str | None:
    """The first line that says what nothing survives: what follows is what it led to."""
    return next((line.strip() for line in lines if not CHATTER.match(line) and deadly(line)), None)


def _telling_line(lines: Sequence[str]) -> str | None:
    for pattern in TELLING:
        for line in reversed(lines):
            if (match := pattern.search(line)) and not CHATTER.match(line) and not GENERAL.search(line):
                return match.group(match.lastindex or 0).strip()
    return None


def _python_error(lines: Sequence[str]) -> str | None:
    """The error at the end of the last Python traceback, or the syntax error that kept a program from starting."""
    for start in range(len(lines) - 1, -1, -1):
        if TRACEBACK.match(lines[start]):
            found = _end_of_traceback(lines[start + 1 :])
            return None if found and JVM_IS_GONE.match(found) and _of_py4j(lines[start:]) else found
        if NO_SYNTAX.match(lines[start]):
            place = next((match for line in reversed(lines[:start]) if (match := PLACE.match(line))), None)
            return f"{lines[start]} ({place.group(1)}, line {place.group(2)})" if place else lines[start]
    return None


def _of_py4j(traceback: Sequence[str]) -> bool:
    return any("py4j" in line for line in traceback)


def _end_of_traceback(lines: Sequence[str]) -> str | None:
    """What stands at the first line that is not indented; a bare name says more with the line that raised it."""
    source = ""
    for place, line in enumerate(lines):
        if line[:1].isspace() or not line:
            source = source if PLACE.match(line) or MARKERS.match(line) else line.strip()
            continue
        match = PYTHON_ERROR.match(line)
        if match is None:
            return None
        name, words = match.groups()
        if name.endswith("Py4JJavaError"):
            return _java_error(lines[place + 1 :]) or line
        following = next((text.strip() for text in lines[place + 1 : place + 3] if text.strip()), "")
        if words is None:
            return f"{name}: {source}" if source else name
        return line if words.strip() else f"{name}: {following}"
    return None


def _java_error(lines: Sequence[str]) -> str | None:
    """What a call from Python into the JVM died of: the deepest cause, or the first line of Java's own trace."""
    deepest = next((match.group(1) for line in reversed(lines) if (match := JAVA_CAUSE.match(line))), None)
    return deepest or next((line[2:] for line in lines if line.startswith(": ")), None)


FINDERS: tuple[Callable[[Sequence[str]], str | None], ...] = (_python_error, _deadly_line, _telling_line)
"""What is looked for in all files, before the next is looked for in any."""


def _last_words(logs: Mapping[str, LogFile]) -> Cause | None:
    """How the process ended, and what it had said last."""
    words, spoken = next(_said_last(logs), ("", None))
    controller = logs.get("controller")
    lines = reversed(controller.lines) if controller else ()
    ended = next((match for line in lines if (match := EXIT_CODE.search(line))), None)
    if ended is None:
        return _cause(words, spoken) if spoken else None
    code = int(ended.group(1))
    by_signal = f" ({signal.Signals(code - 128).name})" if code - 128 in set(signal.Signals) else ""
    told = f"exit code {code}{by_signal}"
    return _cause(f"{told}; the last words were: {words}" if words else told, spoken or controller)


def _said_last(logs: Mapping[str, LogFile]) -> Iterator[tuple[str, LogFile]]:
    for file in (logs[name] for name in SPOKEN if name in logs):
        for line in reversed(file.lines):
            if line.strip() and not CHATTER.match(line):
                yield line.strip(), file
