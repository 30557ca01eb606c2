"""Tags of a cluster."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from airflow_emr_pipelines.emulator.aws.errors import Refused
from airflow_emr_pipelines.emulator.ec2.rules.releases import Request

MOST_TAGS = 50
TAG_TEXT = re.compile(r"[\w .:/=+\-@]*")


def tags(new: Sequence[Request], present: Mapping[str, str]) -> None:
    """Refuse tags that EMR would refuse."""
    for tag in new:
        key, value = tag.get("Key", ""), tag.get("Value", "")
        if not 1 <= len(key) <= 128 or not TAG_TEXT.fullmatch(key):
            raise Refused(f"The tag key {key!r} is invalid.")
        if key.lower().startswith("aws:"):
            raise Refused(f"The tag key {key!r} is invalid: aws: is reserved.")
        if len(value) > 256 or not TAG_TEXT.fullmatch(value):
            raise Refused(f"The tag value {value!r} is invalid.")
    if len({*present, *(tag.get("Key", "") for tag in new)}) > MOST_TAGS:
        raise Refused(f"A cluster has at most {MOST_TAGS} tags.")
