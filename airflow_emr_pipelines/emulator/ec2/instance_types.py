"""The instance types that clusters are usually made of, by what EC2 itself says of them (moto has a copy)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from moto.utilities.utils import load_resource

Release = tuple[int, int, int]

FAMILIES = re.compile(
    r"m4|m5a?d?|m5d?n|m5zn|m6a|m6gd?|m6id?|m6idn|m6in|m7a|m7gd?|m7i|c4|c5a?d?|c5n|c6a|c6gd?|c6gn|c6id?|c6in|c7a|c7gd?"
    r"|c7gn|c7i|r4|r5a?d?|r5b|r5d?n|r6a|r6gd?|r6id?|r6idn|r6in|r7a|r7gd?|r7i|r7iz|x1|x1e|z1d|i3|i3en|i4i|d2|d3|d3en|h1"
    r"|g4dn|g5|p3dn|p4d"
)
SIZES = re.compile(r"[0-9]*xlarge")
"""Of most families EMR takes none smaller than xlarge."""
ARM = "arm64"
ARM_FROM: Mapping[int, Release] = {4: (5, 0, 0), 5: (5, 30, 0), 6: (6, 1, 0)}
"""By major number; https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-supported-instance-types.html"""
GIB = 1024


def supported(release: Release) -> list[dict[str, Any]]:
    """The types as ListSupportedInstanceTypes tells them, by name; Arm ones from the releases on that have them."""
    has_arm = release >= ARM_FROM.get(release[0], release)
    return [one for one in _common() if has_arm or one["Architecture"] != ARM]


@lru_cache(maxsize=1)
def _common() -> list[dict[str, Any]]:
    types = load_resource("ec2/resources/instance_types.json")
    return [_description(types[name]) for name in sorted(types) if _is_common(name)]


def _is_common(name: str) -> bool:
    family, _, size = name.partition(".")
    return bool(FAMILIES.fullmatch(family) and SIZES.fullmatch(size))


def _description(one: Mapping[str, Any]) -> dict[str, Any]:
    storage, ebs = one.get("InstanceStorageInfo", {}), one["EbsInfo"]["EbsOptimizedSupport"]
    architectures = one["ProcessorInfo"]["SupportedArchitectures"]
    return {
        "Type": one["InstanceType"],
        "MemoryGB": one["MemoryInfo"]["SizeInMiB"] / GIB,
        "StorageGB": storage.get("TotalSizeInGB", 0),
        "VCPU": one["VCpuInfo"]["DefaultVCpus"],
        "Is64BitsOnly": "i386" not in architectures,
        "InstanceFamilyId": one["InstanceType"].partition(".")[0],
        "EbsOptimizedAvailable": ebs != "unsupported",
        "EbsOptimizedByDefault": ebs == "default",
        "NumberOfDisks": sum(disk["Count"] for disk in storage.get("Disks", ())),
        "EbsStorageOnly": not storage,
        "Architecture": ARM if ARM in architectures else "x86_64",
    }
