"""EBS volumes. The bounds of Iops are EC2's own."""

from __future__ import annotations

from airflow_emr_pipelines.emulator.aws.errors import Refused
from airflow_emr_pipelines.emulator.ec2.rules.releases import Release, Request, supported_from

VOLUME_TYPES = ("gp3", "gp2", "io1", "st1", "sc1", "standard")
MOST_VOLUMES = 25
LEAST_OF_CORE = 5


def root_volume(request: Request, release: Release) -> None:
    """Refuse a root volume that EMR would refuse."""
    if request.get("EbsRootVolumeSize", 1) < 1:
        raise Refused("EbsRootVolumeSize must be at least 1 GiB.")
    for member in ("EbsRootVolumeIops", "EbsRootVolumeThroughput"):
        if member in request:
            supported_from(member, (6, 15, 0), release)


def volumes(config: Request, role: str) -> None:
    """Refuse an EbsConfiguration that EMR would refuse."""
    devices = config.get("EbsBlockDeviceConfigs", ())
    for device in devices:
        _volume(device["VolumeSpecification"])
        size = device["VolumeSpecification"]["SizeInGB"]
        if config.get("EbsOptimized") and size < 10:
            raise Refused("An EBS volume of an EBS-optimized instance has at least 10 GiB.")
        if role == "CORE" and size < LEAST_OF_CORE:
            raise Refused(f"An EBS volume of a CORE instance has at least {LEAST_OF_CORE} GiB.")
        if device.get("VolumesPerInstance", 1) < 1:
            raise Refused("VolumesPerInstance must be at least 1.")
    if sum(device.get("VolumesPerInstance", 1) for device in devices) > MOST_VOLUMES:
        raise Refused(f"An instance has at most {MOST_VOLUMES} EBS volumes.")


def _volume(volume: Request) -> None:
    kind, size = volume["VolumeType"], volume["SizeInGB"]
    if kind not in VOLUME_TYPES:
        raise Refused(f"The EBS volume type {kind} is not supported: {', '.join(VOLUME_TYPES)}.")
    if not 1 <= size <= 1024:
        raise Refused("An EBS volume has 1 to 1,024 GiB.")
    if "Throughput" in volume:
        if kind != "gp3":
            raise Refused("Throughput can only be specified for gp3 volumes.")
        if not 125 <= volume["Throughput"] <= 1000:
            raise Refused("The Throughput of a gp3 volume is between 125 and 1,000 MiB/s.")
    _iops(kind, size, volume.get("Iops"))


def _iops(kind: str, size: int, iops: int | None) -> None:
    if kind == "io1" and iops is None:
        raise Refused("Iops is required for io1 volumes.")
    if iops is None:
        return
    if kind not in ("gp3", "io1"):
        raise Refused("Iops can only be specified for gp3 and io1 volumes.")
    least, most, of_a_gib = (3000, 16_000, 500) if kind == "gp3" else (100, 64_000, 50)
    if not least <= iops <= most or (iops > of_a_gib * size and iops != least):
        raise Refused(
            f"The Iops of a {kind} volume are between {least:,} and {most:,}, and at most {of_a_gib} for each GiB."
        )
