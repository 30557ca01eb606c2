"""Tags of a cluster."""

from __future__ import annotations

from airflow_emr_pipelines.emulator.ec2 import rules
from airflow_emr_pipelines.emulator.ec2.actions.registry import Emr, Request, ResponseBody, action


@action
async def add_tags(emr: Emr, request: Request) -> ResponseBody:
    cluster = emr.modifiable_cluster(request["ResourceId"])
    rules.tags(request["Tags"], cluster.tags)
    cluster.tags.update({tag["Key"]: tag.get("Value", "") for tag in request["Tags"]})
    return {}


@action
async def remove_tags(emr: Emr, request: Request) -> ResponseBody:
    cluster = emr.modifiable_cluster(request["ResourceId"])
    for key in request["TagKeys"]:
        cluster.was_tagged |= cluster.tags.pop(key, None) is not None
    return {}
