"""EMR releases, and which applications they do not have.

Only what AWS's release pages say is gone is refused; what could not be confirmed is left to EMR
(https://docs.aws.amazon.com/emr/latest/ReleaseGuide/emr-release-components.html).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2 import aws_lists
from airflow_emr_pipelines.specs.values import rules
from airflow_emr_pipelines.specs.values.templates import is_rendered, is_text

Release = tuple[int, int, int]
LABEL = re.compile(r"(emr|emr-spark)-([0-9]+)\.([0-9]+)\.([0-9]+)(?:-[a-z0-9]+)?")
"""Of Amazon EMR, and of AWS's runtime for Apache Spark; a preview has a word behind its numbers."""

GONE_FROM: dict[str, Release] = {
    "ganglia": (7, 0, 0),
    "mahout": (6, 15, 0),
    "mxnet": (7, 7, 0),
    "prestosql": (6, 4, 0),
    "sqoop": (7, 5, 0),
}
"""The first release that is known to lack an application."""
SINCE: dict[str, Release] = {"amazoncloudwatchagent": (7, 0, 0), "prestosql": (6, 1, 0), "trino": (6, 4, 0)}
"""The first release that has an application under this name."""
REMEDIES = {
    "ganglia": "AmazonCloudWatchAgent took its place",
    "prestosql": "its name is Trino since emr-6.4.0",
    "trino": "before emr-6.4.0 its name was PrestoSQL",
}
FOR_SPARK = "emr-spark-"
OF_SPARK = ("AmazonCloudWatchAgent", "Delta", "Hudi", "Iceberg", "JupyterEnterpriseGateway", "Livy", "Spark")
"""What AWS's runtime for Apache Spark has on EC2
(https://docs.aws.amazon.com/emr/latest/ReleaseGuide/emr-spark800-release.html)."""
TRINO_CLI: Release = (6, 6, 0)
"""The first release whose Trino has a client of its own name
(https://docs.aws.amazon.com/emr/latest/ReleaseGuide/emr-presto-considerations.html)."""
CANCELS_PENDING: Release = (4, 8, 0)
CANCELS_RUNNING: Release = (5, 28, 0)
"""The first releases that cancel steps which wait, and which run (botocore: CancelSteps)."""
STEP_CONCURRENCY: Release = (5, 28, 0)
RUNTIME_ROLES: Release = (6, 7, 0)
ROOT_VOLUME_SPEED: Release = (6, 15, 0)
CLOUD_WATCH_LOGS: Release = (7, 11, 0)
"""https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-plan-logging-cw.html"""
FLEETS: dict[int, Release] = {4: (4, 8, 0), 5: (5, 1, 0)}
"""The first releases of a line that have instance fleets; all later lines have them (botocore: InstanceFleet)."""
THREE_PRIMARIES: Release = (5, 23, 0)
ALLOCATION_STRATEGIES: Release = (5, 12, 1)
CUSTOM_AMI: Release = (5, 7, 0)
AT_INSTANCE_HOUR: Release = (5, 1, 0)
AT_TASK_COMPLETION: Release = (4, 1, 0)
"""The first releases that can do so (botocore: RunJobFlow and the shapes of fleets)."""


def release_label(field: str, label: Any) -> Any:
    """The label of a release, such as emr-7.10.0. One that is newer than AWS's list as we have it is warned about."""
    numbers = numbers_of(label)
    if is_rendered(label) and not numbers:
        raise InvalidSpec(field, label, "it is no release label", "write it like emr-7.10.0")
    if numbers and numbers < (4, 0, 0):
        raise InvalidSpec(field, label, "releases before 4.0 are AMI versions", "choose a release such as emr-7.10.0")
    if numbers and label not in aws_lists.releases():
        if not is_newer(label):
            rule = f"there is no such release in EMR's list as {aws_lists.source()}"
            raise InvalidSpec(field, label, rule, f"the next one is {_next_release(label)}")
        rules.warn_where_written(f"{field}: {newer_release(label)}")
    return label


def is_newer(label: str) -> bool:
    """Whether a label may be of a release that has come since the list was made, also as a patch of an older one."""
    line, numbers = _line_and_numbers(label)
    listed = [other for one, other in map(_line_and_numbers, aws_lists.releases()) if one == line]
    of_major = [other for other in listed if other[0] == numbers[0]]
    of_minor = [other for other in of_major if other[1] == numbers[1]]
    return numbers > max(of_minor or of_major or listed)


def _next_release(label: str) -> str:
    """The first of the listed releases of a line that is not older than the label says."""
    line, numbers = _line_and_numbers(label)
    listed = [(*_line_and_numbers(one), one) for one in aws_lists.releases()]
    return next(one for its_line, its_numbers, one in listed if its_line == line and its_numbers >= numbers)


def first_from(numbers: Release) -> str:
    """The first listed release of Amazon EMR that has what came with these numbers."""
    label = label_of(numbers)
    return label if label in aws_lists.releases() else _next_release(label)


def newer_release(label: str) -> str:
    """What is to be said of a label that is newer than the list."""
    return (
        f"{label} is newer than the list of EMR's releases as {aws_lists.source()}: EMR refuses it if "
        "there is no such release"
    )


def _line_and_numbers(label: str) -> tuple[str, Release]:
    found = LABEL.fullmatch(label)
    assert found is not None
    return found[1], (int(found[2]), int(found[3]), int(found[4]))


def numbers_of(label: object) -> Release | None:
    """The numbers of a release label; None when it is not known yet."""
    return _line_and_numbers(label)[1] if is_text(label) and LABEL.fullmatch(label) else None


def lacks_idle_policy(numbers: Release) -> bool:
    """Whether a release has no auto-termination policy."""
    return numbers < (5, 30, 0) or (6, 0, 0) <= numbers < (6, 1, 0)


def lacks_fleets(numbers: Release) -> bool:
    """Whether a release has no instance fleets."""
    return numbers < FLEETS.get(numbers[0], numbers)


def lacks_since_5_30(numbers: Release) -> bool:
    """Whether a release has neither managed scaling nor encrypted logs."""
    return numbers < (5, 30, 0) or numbers == (6, 0, 0)


def cancels(numbers: Release, *, running: bool) -> bool:
    """Whether a release cancels steps that wait, or that run."""
    return numbers >= (CANCELS_RUNNING if running else CANCELS_PENDING) and numbers != (5, 0, 0)


def check_applications(field: str, applications: Sequence[Any], label: object) -> None:
    """Refuse applications that the release lacks, and those that cannot be together."""
    names = [name for name in applications if is_text(name)]
    lower = {name.lower() for name in names}
    if "presto" in lower and lower & {"trino", "prestosql"}:
        raise InvalidSpec(field, applications, "EMR refuses Presto and Trino on one cluster", "choose one of the two")
    for name in names:
        if why := _why_lacking(label, name):
            remedy = REMEDIES.get(name.lower(), "leave it out, or choose another release")
            raise InvalidSpec(field, name, f"{label} does not have {name}: {why}", remedy)


def check_some(field: str, names: Sequence[str], label: object) -> None:
    """Refuse what needs an application, under one of its names, on a release that has it under none."""
    whys = [_why_lacking(label, name) for name in names]
    if whys and all(whys):
        rule = f"it needs {names[0]}, which {label} does not have: {whys[0]}"
        raise InvalidSpec(field, label, rule, "choose another release, such as emr-7.10.0")


def name_on(label: object, names: Sequence[str]) -> str:
    """The name, of an application's several, that a release knows it by."""
    return (known_on(label, names) or names)[0]


def known_on(label: object, names: Sequence[str]) -> Sequence[str]:
    """Those of some applications that a release is not known to lack; of one not known yet, that none has lost."""
    if numbers_of(label) is None:
        return [name for name in names if name.lower() not in GONE_FROM]
    return [name for name in names if not _why_lacking(label, name)]


def _why_lacking(label: object, name: str) -> str | None:
    """Why a release does not have an application; None where that is not known."""
    numbers = numbers_of(label)
    if numbers is None:
        return None
    if str(label).startswith(FOR_SPARK):
        known = label not in aws_lists.releases() or name.lower() in {one.lower() for one in OF_SPARK}
        return None if known else f"it has {', '.join(OF_SPARK)}, and no others"
    gone, since = GONE_FROM.get(name.lower()), SINCE.get(name.lower())
    if gone and numbers >= gone:
        return f"releases from {label_of(gone)} on do not have it"
    if since and numbers < since:
        return f"it came with {label_of(since)}"
    return None


def label_of(numbers: Release) -> str:
    """The label of a release of Amazon EMR with these numbers."""
    return "emr-" + ".".join(str(number) for number in numbers)
