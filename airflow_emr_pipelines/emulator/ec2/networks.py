"""Where a cluster's instances are: what EMR chooses where a request leaves it open.

Like the instances themselves, what it chooses is told of clusters alone: the emulator's EC2 does not have it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

FIRST_ZONE = "a"


def network_of(instances: Mapping[str, Any], region: str) -> dict[str, Any]:
    """Subnet, zone and managed security groups of a cluster; of several subnets or zones the first is chosen.

    EMR makes its two security groups once for a VPC, so that all clusters of a region have the same.
    """
    subnets = [instances["Ec2SubnetId"]] if instances.get("Ec2SubnetId") else instances.get("Ec2SubnetIds", [])
    placement = instances.get("Placement", {})
    zones = [placement["AvailabilityZone"]] if placement.get("AvailabilityZone") else placement.get("AvailabilityZones")
    zone = zones[0] if zones else f"{region}{FIRST_ZONE}"
    return {
        "Ec2SubnetId": subnets[0] if subnets else _id("subnet", zone),
        "RequestedEc2SubnetIds": subnets,
        "Ec2AvailabilityZone": zone,
        "RequestedEc2AvailabilityZones": zones or [],
        "EmrManagedMasterSecurityGroup": instances.get("EmrManagedMasterSecurityGroup")
        or _id("sg", f"{region} master"),
        "EmrManagedSlaveSecurityGroup": instances.get("EmrManagedSlaveSecurityGroup") or _id("sg", f"{region} slave"),
    }


def _id(kind: str, of: str) -> str:
    """The same id for the same thing, as EC2 makes them."""
    return f"{kind}-{hashlib.sha256(of.encode()).hexdigest()[:17]}"
