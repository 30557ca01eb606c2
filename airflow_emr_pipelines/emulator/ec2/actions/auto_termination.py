"""The policy that ends an idle cluster."""

from __future__ import annotations

from airflow_emr_pipelines.emulator.ec2 import rules
from airflow_emr_pipelines.emulator.ec2.actions.registry import Emr, Request, ResponseBody, action


@action
async def put_auto_termination_policy(emr: Emr, request: Request) -> ResponseBody:
    cluster = emr.modifiable_cluster(request["ClusterId"])
    policy = request.get("AutoTerminationPolicy", {})
    rules.auto_termination(policy, rules.release_of(cluster.request["ReleaseLabel"]))
    cluster.idle_timeout = policy.get("IdleTimeout", 3600)
    cluster.changed.set()
    return {}


@action
async def get_auto_termination_policy(emr: Emr, request: Request) -> ResponseBody:
    timeout = emr.cluster(request["ClusterId"]).idle_timeout
    return {} if timeout is None else {"AutoTerminationPolicy": {"IdleTimeout": timeout}}


@action
async def remove_auto_termination_policy(emr: Emr, request: Request) -> ResponseBody:
    cluster = emr.modifiable_cluster(request["ClusterId"])
    cluster.idle_timeout = None
    cluster.changed.set()
    return {}
