"""Releases, and what is supported from which one on.

Source of the applications: https://docs.aws.amazon.com/emr/latest/ReleaseGuide/emr-release-components.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airflow_emr_pipelines.emulator.aws.errors import Refused
from airflow_emr_pipelines.emulator.ec2 import aws_lists

Request = Mapping[str, Any]
Release = tuple[int, int, int]

RELEASE_LABEL = re.compile(r"emr-(?:spark-)?([0-9]+)\.([0-9]+)\.([0-9]+)(?:-[a-z0-9]+)?")
FOR_SPARK = "emr-spark-"
NAMES = """
    AmazonCloudWatchAgent Delta Flink Ganglia HBase HCatalog Hadoop Hive Hudi Hue Iceberg JupyterEnterpriseGateway
    JupyterHub Livy Mahout MXNet Oozie Phoenix Pig Presto PrestoSQL Spark Sqoop TensorFlow Tez Trino Zeppelin ZooKeeper
    Oozie-Sandbox Presto-Sandbox Sqoop-Sandbox Zeppelin-Sandbox ZooKeeper-Sandbox
"""
APPLICATIONS = NAMES.split()
OF_SPARK = ["AmazonCloudWatchAgent", "Delta", "Hudi", "Iceberg", "JupyterEnterpriseGateway", "Livy", "Spark"]
"""https://docs.aws.amazon.com/emr/latest/ReleaseGuide/emr-spark800-release.html"""
SINCE: Mapping[str, Release] = {
    "AmazonCloudWatchAgent": (7, 0, 0),
    "Delta": (6, 9, 0),
    "Iceberg": (6, 5, 0),
    "PrestoSQL": (6, 1, 0),
    "Trino": (6, 4, 0),
}
GONE_FROM: Mapping[str, Release] = {
    "Ganglia": (7, 0, 0),
    "Mahout": (6, 0, 0),
    **{f"{name}-Sandbox": (5, 0, 0) for name in ("Oozie", "Presto", "Sqoop", "Zeppelin", "ZooKeeper")},
    "MXNet": (7, 7, 0),
    "PrestoSQL": (6, 4, 0),
    "Sqoop": (7, 5, 0),
}
LACKING: Mapping[tuple[int, int], Sequence[str]] = {
    (6, 0): ("Flink", "JupyterEnterpriseGateway", "Pig", "Sqoop"),
    (6, 1): ("JupyterEnterpriseGateway",),
}
"""Releases without what those before and after them have."""
FIRST, NEVER = (4, 0, 0), (99, 0, 0)


def release_of(label: str) -> Release:
    """The numbers of a release that exists."""
    found = RELEASE_LABEL.fullmatch(label)
    if not found or not aws_lists.is_release(label):
        raise Refused(f"The supplied release label is invalid: {label}.")
    return int(found[1]), int(found[2]), int(found[3])


def release_in(region: str, label: str) -> Release:
    """The numbers of a release that a Region has."""
    release = release_of(label)
    if label not in aws_lists.release_labels(region):
        raise Refused(f"The supplied release label is invalid: {label}. It is not available in {region}.")
    return release


def supported_types(names: Iterable[str], label: str) -> None:
    """Refuse instance types that a release does not have."""
    there = aws_lists.instance_types(label)
    for name in names:
        if there and name not in there:
            raise Refused(f"Instance type '{name}' is not supported on {label}.")


def supported_from(what: str, first: Release, release: Release, *, but: Sequence[Release] = ()) -> None:
    """Refuse what came with a later release; `but` are releases that came after it and lack it."""
    if release < first or release in but:
        without = "".join(f", except in {_label(one)}" for one in but)
        raise Refused(f"{what} is supported from {_label(first)}{without}; the release is {_label(release)}.")


def applications_of(label: str) -> list[str]:
    """What can be installed with a release, as far as it is known: of 4.x and 5.x, what their last releases have."""
    if label.startswith(FOR_SPARK):
        return OF_SPARK
    release = release_of(label)
    return [
        name
        for name in APPLICATIONS
        if SINCE.get(name, FIRST) <= release < GONE_FROM.get(name, NEVER) and name not in LACKING.get(release[:2], ())
    ]


def applications(asked: Sequence[Request], label: str) -> None:
    """Refuse applications that the release does not have, or that cannot be installed together."""
    there = {name.lower() for name in applications_of(label)}
    names = [str(application.get("Name", "")).lower() for application in asked]
    for name, shown in zip(names, asked, strict=True):
        if name not in there:
            raise Refused(f"Cluster with release {label} does not support the application {shown.get('Name')}.")
    if "presto" in names and ("trino" in names or "prestosql" in names):
        raise Refused("Presto and Trino cannot be installed on one cluster.")


def _label(release: Release) -> str:
    return f"emr-{'.'.join(map(str, release))}"
