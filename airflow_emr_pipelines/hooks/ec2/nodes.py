"""The nodes that run a live cluster's containers, with their memory and cores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.hooks.ec2.emr import EmrHook
from airflow_emr_pipelines.specs.ec2.executors import Node


def live_nodes(hook: EmrHook, cluster_id: str) -> list[Node]:
    """The running instances of the core and task groups or fleets, or the primary node where there are none."""
    cluster = hook.conn.describe_cluster(ClusterId=cluster_id)["Cluster"]
    fleets = cluster.get("InstanceCollectionType") == "INSTANCE_FLEET"
    workers = [one for kind in ("CORE", "TASK") for one in _running(hook, cluster_id, kind, fleets=fleets)]
    wanted = workers or list(_running(hook, cluster_id, "MASTER", fleets=fleets))
    sizes = _sizes(hook, cluster["ReleaseLabel"])
    unknown = sorted(set(wanted) - set(sizes))
    if unknown:
        raise InvalidSpec(
            "cluster_id",
            cluster_id,
            f"EMR does not tell the memory of {', '.join(unknown)}",
            "write the step's executors down",
        )
    return [sizes[one] for one in wanted]


def _running(hook: EmrHook, cluster_id: str, kind: str, *, fleets: bool) -> Iterator[str]:
    """The instance type of each instance."""
    of_kind: dict[str, Any] = {"InstanceFleetType": kind} if fleets else {"InstanceGroupTypes": [kind]}
    pages = hook.conn.get_paginator("list_instances")
    for page in pages.paginate(ClusterId=cluster_id, InstanceStates=["RUNNING"], **of_kind):
        for instance in page["Instances"]:
            yield instance["InstanceType"]


def _sizes(hook: EmrHook, release_label: str) -> dict[str, Node]:
    """Every instance type that EMR has for the release."""
    asked, sizes = {"ReleaseLabel": release_label}, {}
    while True:
        answer = hook.conn.list_supported_instance_types(**asked)
        for one in answer.get("SupportedInstanceTypes", []):
            sizes[one["Type"]] = Node(int(one["MemoryGB"] * 1024), int(one["VCPU"]), one["Type"])
        if not answer.get("Marker"):
            return sizes
        asked["Marker"] = answer["Marker"]
