"""The memory of instance types."""

from __future__ import annotations

import re

GIB_A_CORE = {"m": 4, "r": 8, "c": 2}
USUAL = re.compile(r"(?!c5n)([mrc])[5-9][a-z]*\.([0-9]*)xlarge")


def memory_of(instance_type: str) -> int | None:
    """MiB of memory; None where it is not known, which it is for general, memory and compute families from the 5th."""
    usual = USUAL.fullmatch(instance_type)
    return GIB_A_CORE[usual[1]] * 4 * int(usual[2] or 1) * 1024 if usual else None
