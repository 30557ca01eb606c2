"""What EMR tells the primary instance of itself and its cluster, in the files of /mnt/var/lib/info.

AWS documents no members: these are the ones that public scripts read. Of fleets it is not known how they are told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_emr_pipelines.emulator.ec2.instances import InstanceGroup
from airflow_emr_pipelines.emulator.ec2.model import Cluster
from airflow_emr_pipelines.emulator.ec2.responses import private_dns_name

_MARKETS = {"ON_DEMAND": "OnDemand", "SPOT": "Spot"}


def node_info(cluster: Cluster) -> dict[str, Mapping[str, Any]]:
    """The contents by the names of their files, as the cluster is now."""
    primary = cluster.primary_instance
    assert primary is not None
    host = private_dns_name(primary, cluster.region)
    others = [one for collection in cluster.collections if collection.role == "CORE" for one in collection.staying]
    groups = cluster.groups
    job_flow = {
        "jobFlowId": cluster.id,
        "jobFlowCreationInstant": int(cluster.created.timestamp() * 1000),
        "instanceCount": sum(len(collection.staying) for collection in cluster.collections),
        "masterInstanceId": primary.ec2_id,
        "masterPrivateDnsName": host,
        "masterInstanceType": primary.type,
        **({"slaveInstanceType": others[0].type} if others else {}),
        **({"instanceGroups": [_group(group) for group in groups]} if groups else {}),
    }
    runs = ("NameNode", "JobTracker", "ResourceManager")
    does_not_run = ("DataNode", "TaskTracker", "NodeManager")
    instance = {
        **({"instanceGroupId": cluster.primary.id} if groups else {}),
        "isMaster": True,
        **{f"isRunning{daemon}": daemon in runs for daemon in (*runs, *does_not_run)},
    }
    extra = {"jobFlowId": cluster.id, "region": cluster.region, "masterHost": host}
    return {"job-flow": job_flow, "instance": instance, "extraInstanceData": extra}


def _group(group: InstanceGroup) -> dict[str, Any]:
    return {
        "instanceGroupId": group.id,
        "instanceGroupName": group.name,
        "instanceRole": group.role.capitalize(),
        "marketType": _MARKETS[group.market],
        "instanceType": group.config["InstanceType"],
        "requestedInstanceCount": group.count,
    }
