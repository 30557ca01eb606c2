"""EMR releases, and which applications they do not have.

Only what AWS's release pages say is gone is refused; what could not be confirmed is left to EMR
(https://docs.aws.amazon.com/emr/latest/ReleaseGuide/emr-release-components.html).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.values.templates import is_rendered, is_text

Release = tuple[int, int, int]
LABEL = re.compile(r"emr-([0-9]+)\.([0-9]+)\.([0-9]+)")

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
THREE_PRIMARIES: Release = (5, 23, 0)
ALLOCATION_STRATEGIES: Release = (5, 12, 1)
CUSTOM_AMI: Release = (5, 7, 0)
AT_INSTANCE_HOUR: Release = (5, 1, 0)
AT_TASK_COMPLETION: Release = (4, 1, 0)
"""The first releases that can do so (botocore: RunJobFlow and the shapes of fleets)."""


def release_label(field: str, label: Any) -> Any:
    """The label of a release, such as emr-7.10.0."""
    numbers = numbers_of(label)
    if is_rendered(label) and not numbers:
        raise InvalidSpec(field, label, "it is no release label", "write it like emr-7.10.0")
    if numbers and numbers < (4, 0, 0):
        raise InvalidSpec(field, label, "releases before 4.0 are AMI versions", "choose a release such as emr-7.10.0")
    return label


def numbers_of(label: object) -> Release | None:
    """The numbers of a release label; None when it is not known yet."""
    found = LABEL.fullmatch(label) if is_text(label) else None
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def lacks_idle_policy(numbers: Release) -> bool:
    """Whether a release has no auto-termination policy."""
    return numbers < (5, 30, 0) or (6, 0, 0) <= numbers < (6, 1, 0)


def lacks_fleets(numbers: Release) -> bool:
    """Whether a release has no instance fleets."""
    return numbers < (4, 8, 0) or (5, 0, 0) <= numbers < (5, 1, 0)


def lacks_since_5_30(numbers: Release) -> bool:
    """Whether a release has neither managed scaling nor encrypted logs."""
    return numbers < (5, 30, 0) or numbers == (6, 0, 0)


def cancels(numbers: Release, *, running: bool) -> bool:
    """Whether a release cancels steps that wait, or that run."""
    return numbers >= (CANCELS_RUNNING if running else CANCELS_PENDING) and numbers != (5, 0, 0)


def check_applications(field: str, applications: Sequence[Any], numbers: Release | None) -> None:
    """Refuse applications that the release lacks, and those that cannot be together."""
    names = [name for name in applications if is_text(name)]
    lower = {name.lower() for name in names}
    if "presto" in lower and lower & {"trino", "prestosql"}:
        raise InvalidSpec(field, applications, "EMR refuses Presto and Trino on one cluster", "choose one of the two")
    if numbers is None:
        return
    for name in names:
        gone, since = GONE_FROM.get(name.lower()), SINCE.get(name.lower())
        if gone and numbers >= gone:
            _refuse(field, name, numbers, f"releases from {label_of(gone)} on do not have it")
        if since and numbers < since:
            _refuse(field, name, numbers, f"it came with {label_of(since)}")


def name_on(label: object, names: Sequence[str]) -> str:
    """The name, of an application's several, that a release knows it by."""
    return (known_on(label, names) or names)[0]


def known_on(label: object, names: Sequence[str]) -> Sequence[str]:
    """Those of some applications that a release is not known to lack; of one not known yet, that none has lost."""
    numbers = numbers_of(label)
    if numbers is None:
        return [name for name in names if name.lower() not in GONE_FROM]
    return [name for name in names if not _lacks(numbers, name)]


def _lacks(numbers: Release, name: str) -> bool:
    gone, since = GONE_FROM.get(name.lower()), SINCE.get(name.lower())
    return bool((gone and numbers >= gone) or (since and numbers < since))


def label_of(numbers: Release) -> str:
    """The label of a release with these numbers."""
    return "emr-" + ".".join(str(number) for number in numbers)


def _refuse(field: str, name: str, numbers: Release, why: str) -> None:
    remedy = REMEDIES.get(name.lower(), "leave it out, or choose another release")
    raise InvalidSpec(field, name, f"{label_of(numbers)} does not have {name}: {why}", remedy)
