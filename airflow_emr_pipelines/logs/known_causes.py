"""Causes of failures that are known by what they say, and the short way out of each."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class KnownCause:
    """A kind of cause.

    :param said: what a line says that tells of it
    :param way_out: what to do about it, or where to look; it may name the groups of ``said``
    :param deadly: nothing survives it, so a line that says it is the cause whatever came after it
    """

    said: re.Pattern[str]
    way_out: str
    deadly: bool = False


ROLE = "the role that the step runs as (the cluster's instance profile, or the step's execution role)"
MEMORY = "driver_memory, executor_memory, or spark.executor.memoryOverhead"

KNOWN = (
    KnownCause(
        re.compile(r"running beyond (?:physical|virtual) memory|exceeding (?:physical |virtual )?memory limits"),
        f"the container needs more memory: raise {MEMORY}, or use more partitions",
        deadly=True,
    ),
    KnownCause(
        re.compile(r"\bjava\.lang\.OutOfMemoryError\b"),
        f"raise {MEMORY}, use more partitions, or collect less into the driver",
        deadly=True,
    ),
    KnownCause(
        re.compile(r"\bNo space left on device\b"),
        "give the instances larger or more EBS volumes, or write less to their disks",
        deadly=True,
    ),
    KnownCause(
        re.compile(r"\bMemoryError\b|Cannot allocate memory"),
        f"it is memory outside the JVM that was lacking: raise {MEMORY}, or take an instance type with more",
    ),
    KnownCause(
        re.compile(r"\bexit(?:ed with)?[ _]?(?:code|status):? ?137\b", re.IGNORECASE),
        f"it was killed, mostly because the machine had no memory left: raise {MEMORY}, or run less at once",
    ),
    KnownCause(
        re.compile(r"\bexit(?:ed with)?[ _]?(?:code|status):? ?143\b", re.IGNORECASE),
        "it was told to end: by a cancel, by YARN for its memory, or because its machine was taken away",
    ),
    KnownCause(
        re.compile(r"not authorized to perform: (?P<action>[\w:*]+)"),
        f"{ROLE} lacks {{action}}",
    ),
    KnownCause(
        re.compile(r"\((?:AccessDenied|403)\) when calling the (?P<operation>\w+) operation"),
        f"{ROLE} may not call {{operation}} there: reading needs s3:GetObject, listing s3:ListBucket, writing "
        "s3:PutObject, and a bucket encrypted by KMS rights on its key",
    ),
    KnownCause(
        re.compile(r"\bAccess ?Denied\b|\bStatus Code: 403\b"),
        f"look at the policies of {ROLE}, of the bucket, and of its KMS key",
    ),
    KnownCause(
        re.compile(r"\bNoSuchBucket\b|there is no bucket|specified bucket does not exist", re.IGNORECASE),
        "correct its name, or make the bucket: aws s3 mb s3://…",
    ),
    KnownCause(
        re.compile(
            r"\bPATH_NOT_FOUND\b|Input path does not exist|\bNoSuchKey\b|\(404\) when calling the HeadObject operation"
            r"|\bs3[an]?://\S+ does not exist|\bs3[an]?://\S+ No such file or directory"
        ),
        "there is no such object in S3, or none below that prefix: correct the address, or run first what writes it",
    ),
    KnownCause(
        re.compile(r"\bTABLE_OR_VIEW_NOT_FOUND\b|\bTable (?:or view )?not found\b|\bNoSuchTableException\b", re.I),
        "name its database, and let the cluster use the catalog that has it",
    ),
    KnownCause(
        re.compile(r"\bModuleNotFoundError\b|\bNo module named\b"),
        "install it by a bootstrap action, or send it along by py_files or archives",
    ),
    KnownCause(
        re.compile(r"\bClassNotFoundException\b|\bNoClassDefFoundError\b|\bFailed to load class\b"),
        "correct the name, or send the jar that has it along by jars or packages",
    ),
    KnownCause(
        re.compile(r"\bUnrecognized option\b"),
        "options of spark-submit stand before the program, its own arguments after it",
    ),
    KnownCause(
        re.compile(r"s3-dist-cp: (?:the following arguments are required|unrecognized arguments)"),
        "S3DistCpStep says these options by its fields",
    ),
    KnownCause(
        re.compile(r"\bPARSE_SYNTAX_ERROR\b|\bParseException\b"),
        "correct the statement; what a template made of it stands among the rendered fields",
    ),
)


def way_out(words: str) -> str | None:
    """What to do about a cause, where it is of a known kind."""
    for known in KNOWN:
        if match := known.said.search(words):
            return known.way_out.format(**match.groupdict())
    return None


def deadly(line: str) -> bool:
    """Whether a line says what nothing survives."""
    return any(known.deadly and known.said.search(line) for known in KNOWN)
