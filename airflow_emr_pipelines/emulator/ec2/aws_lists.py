"""AWS's own lists of releases and of the instance types that each has: moto has a copy of what EMR answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import moto
from moto.utilities.utils import load_resource

RESOURCES = Path(moto.__file__).parent / "emr" / "resources"
FIRST_REGION = "us-east-1"
"""Its list is told in Regions that have none here, which are those of other partitions than aws."""


@lru_cache(maxsize=8)
def release_labels(region: str) -> Sequence[str]:
    """The labels that ListReleaseLabels tells in a Region, in its order."""
    try:
        found: list[str] = load_resource(f"emr/resources/release-labels-{region}.json")
    except FileNotFoundError:
        return release_labels(FIRST_REGION)
    return found


def is_release(label: str) -> bool:
    """Whether some Region has a release: each of those has a list of instance types."""
    return (RESOURCES / f"instance-types-{label}.json.gz").is_file()


@lru_cache(maxsize=8)
def instance_types(label: str) -> Sequence[str]:
    """The names that ListSupportedInstanceTypes tells of a release."""
    found: list[str] = load_resource(f"emr/resources/instance-types-{label}.json")
    return found


@lru_cache(maxsize=1)
def descriptions() -> Mapping[str, Mapping[str, Any]]:
    """What it tells of each type."""
    found: dict[str, Mapping[str, Any]] = load_resource("emr/resources/instance_types.json")
    return found
