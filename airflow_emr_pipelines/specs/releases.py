"""EMR releases, and which applications they do not have.

Only what AWS's release pages say is gone is refused; what could not be confirmed is left to EMR
(https://docs.aws.amazon.com/emr/latest/ReleaseGuide/emr-release-components.html).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs import rules

Release = tuple[int, int, int]
LABEL = re.compile(r"emr-(\d+)\.(\d+)\.(\d+)(?:-latest)?")

GONE_FROM: dict[str, Release] = {
    "ganglia": (7, 0, 0),
    "mahout": (6, 15, 0),
    "mxnet": (7, 7, 0),
    "sqoop": (7, 5, 0),
}
"""The first release that is known to lack an application."""
SINCE: dict[str, Release] = {"trino": (6, 4, 0), "delta": (6, 9, 0), "iceberg": (6, 5, 0)}
"""The first release that has an application under this name."""
REMEDIES = {
    "ganglia": "Amazon CloudWatch agent took its place: AmazonCloudWatchAgent",
    "trino": "before emr-6.4.0 its name was PrestoSQL",
}


def release(field: str, label: object) -> Release | None:
    """The numbers of a release label; None when it is not known yet."""
    if not rules.known(label):
        return None
    found = LABEL.fullmatch(label) if isinstance(label, str) else None
    if not found:
        raise InvalidSpec(field, label, "it is no release label", "write it like emr-7.10.0")
    major, minor, patch = (int(number) for number in found.groups())
    if major < 4:
        raise InvalidSpec(field, label, "releases before 4.0 are AMI versions", "choose a release such as emr-7.10.0")
    return major, minor, patch


def check_applications(field: str, applications: Sequence[str], numbers: Release | None) -> None:
    """Refuse applications that the release lacks, and those that cannot be together."""
    names = {name.lower() for name in applications if rules.is_text(name)}
    if {"presto", "trino"} <= names or {"presto", "prestosql"} <= names:
        raise InvalidSpec(field, applications, "EMR refuses Presto and Trino on one cluster", "choose one of the two")
    for name in applications:
        if numbers is None or not rules.is_text(name):
            continue
        gone, since = GONE_FROM.get(name.lower()), SINCE.get(name.lower())
        if (gone and numbers >= gone) or (since and numbers < since):
            label = "emr-" + ".".join(str(number) for number in numbers)
            bound = (
                f"it was last in a release before emr-{_dotted(gone)}"
                if gone and numbers >= gone
                else f"it came with emr-{_dotted(since or numbers)}"
            )
            remedy = REMEDIES.get(name.lower(), "leave it out, or choose another release")
            raise InvalidSpec(field, name, f"{label} does not have {name}: {bound}", remedy)


def _dotted(numbers: Release) -> str:
    return ".".join(str(number) for number in numbers)
