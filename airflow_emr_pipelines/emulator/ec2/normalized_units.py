"""How big an instance type is, by its name: what normalized instance hours count, and what stands for its price."""

from __future__ import annotations

SIZES = {"medium": 2, "large": 4, "xlarge": 8}
"""m1.small is 1, each size twice the one before it."""


def normalized_size(instance_type: str) -> int:
    """Normalized instance hours of one hour."""
    size = instance_type.partition(".")[2]
    if size in SIZES:
        return SIZES[size]
    times = size.removesuffix("xlarge")
    return 8 * int(times) if times.isdigit() else 1
