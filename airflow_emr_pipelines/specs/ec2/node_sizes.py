"""The memory of instance types."""

from __future__ import annotations

import re

from airflow_emr_pipelines.specs.ec2 import aws_lists

GIB_A_CORE = {"m": 4, "r": 8, "c": 2}
USUAL = re.compile(r"(?!c5n)([mrc])[5-9][a-z]*(?:-flex)?\.([0-9]*)xlarge")


def memory_of(instance_type: str) -> int | None:
    """MiB of memory at the most; None where it is not known.

    EC2's, where the name says it, which it does for general, memory and compute families from the 5th: what EMR's list
    has is up to a sixteenth less for many types, so that much is added to what only the list says. What does not fit is
    not to be said of what may.
    """
    if usual := USUAL.fullmatch(instance_type):
        return GIB_A_CORE[usual[1]] * 4 * int(usual[2] or 1) * 1024
    size = aws_lists.size_of(instance_type)
    return size.memory * 16 // 15 if size else None
