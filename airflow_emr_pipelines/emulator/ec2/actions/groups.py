"""Instance groups: listed, added, changed."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_emr_pipelines.emulator.aws.errors import Refused
from airflow_emr_pipelines.emulator.ec2 import rules
from airflow_emr_pipelines.emulator.ec2.actions.instances import groups_of, new_group
from airflow_emr_pipelines.emulator.ec2.actions.registry import PAGE, Emr, Request, ResponseBody, action, by_id, page
from airflow_emr_pipelines.emulator.ec2.instances import InstanceGroup
from airflow_emr_pipelines.emulator.ec2.model import Cluster
from airflow_emr_pipelines.emulator.ec2.responses import group_response


@action
async def list_instance_groups(emr: Emr, request: Request) -> ResponseBody:
    cluster = emr.cluster(request["ClusterId"])
    found, marker = page(groups_of(cluster), by_id, request, PAGE)
    return {"InstanceGroups": [group_response(cluster, group) for group in found], "Marker": marker}


@action
async def add_instance_groups(emr: Emr, request: Request) -> ResponseBody:
    cluster = emr.modifiable_cluster(request["JobFlowId"])
    new = request["InstanceGroups"]
    rules.added_groups(new, [group.role for group in groups_of(cluster)])
    rules.supported_types((group["InstanceType"] for group in new), cluster.request["ReleaseLabel"])
    rules.group_policies(new, cluster.request.get("AutoScalingRole"), managed=cluster.managed_scaling is not None)
    groups = [new_group(config, emr.clock.now()) for config in new]
    cluster.collections.extend(groups)
    emr.lifecycles.reshape(cluster)
    return {
        "JobFlowId": cluster.id,
        "InstanceGroupIds": [group.id for group in groups],
        "ClusterArn": cluster.arn,
    }


@action
async def modify_instance_groups(emr: Emr, request: Request) -> ResponseBody:
    changes = [
        (change, *_named(emr, request, change["InstanceGroupId"])) for change in request.get("InstanceGroups", ())
    ]
    if not changes:
        raise Refused("At least one instance group to modify is required.")
    for change, cluster, group in changes:
        present = [instance.ec2_id for instance in group.staying if instance.ec2_id]
        rules.modified_group(change, group.role, present, rules.release_of(cluster.request["ReleaseLabel"]))
    for change, cluster, group in changes:
        _modify(group, change)
        emr.lifecycles.reshape(cluster)
    return {}


def group_named(cluster: Cluster, group_id: str) -> InstanceGroup:
    found = [group for group in groups_of(cluster) if group.id == group_id]
    if not found:
        raise Refused(f"Instance group id '{group_id}' is not valid.")
    return found[0]


def _named(emr: Emr, request: Request, group_id: str) -> tuple[Cluster, InstanceGroup]:
    """The group and its cluster, which a request need not name, and which must run."""
    if "ClusterId" in request:
        cluster = emr.cluster(request["ClusterId"])
        rules.running(cluster, "group")
        return cluster, group_named(cluster, group_id)
    for cluster in emr.clusters.of(emr.region):
        for group in cluster.groups:
            if group.id == group_id:
                rules.running(cluster, "group")
                return cluster, group
    raise Refused(f"Instance group id '{group_id}' is not valid.")


def _modify(group: InstanceGroup, change: Request) -> None:
    ending = {*change.get("EC2InstanceIdsToTerminate", ())}
    if "InstanceCount" in change or ending:
        gone = ending - {one.ec2_id for one in group.surplus()}  # the others are on their way already
        group.count = change.get("InstanceCount", group.count - len(gone))
        group.shrink_policy = change.get("ShrinkPolicy", {})
        group.ending = ending | group.ending if group.unsettled else ending
        group.unsettled = True
    if "Configurations" in change:
        new = change["Configurations"]
        merges = change.get("ReconfigurationType") == "MERGE"
        group.configurations = merged(group.configurations, new) if merges else new
        group.version += 1


def merged(old: Sequence[Request], new: Sequence[Request]) -> list[Request]:
    """Configurations with those of a reconfiguration that does not overwrite all: it adds, and outranks."""
    found = {one.get("Classification", ""): dict(one) for one in old}
    for one in new:
        before = found.get(one.get("Classification", ""), {})
        found[one.get("Classification", "")] = {
            **before,
            **one,
            "Properties": {**before.get("Properties", {}), **one.get("Properties", {})},
            "Configurations": merged(before.get("Configurations", ()), one.get("Configurations", ())),
        }
    return list(found.values())
