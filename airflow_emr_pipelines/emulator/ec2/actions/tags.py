"""Tags of a cluster."""

from __future__ import annotations

from airflow_emr_pipelines.emulator.ec2 import rules
from airflow_emr_pipelines.emulator.ec2.actions.registry import Answer, Emr, Request, action


@action
async def add_tags(emr: Emr, request: Request) -> Answer:
    cluster = emr.cluster("AddTags", request["ResourceId"])
    rules.modifiable(cluster)
    rules.tags(request["Tags"], cluster.tags)
    cluster.tags.update({tag["Key"]: tag.get("Value", "") for tag in request["Tags"]})
    return {}


@action
async def remove_tags(emr: Emr, request: Request) -> Answer:
    cluster = emr.cluster("RemoveTags", request["ResourceId"])
    rules.modifiable(cluster)
    for key in request["TagKeys"]:
        cluster.tags.pop(key, None)
    return {}
