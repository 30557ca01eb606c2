"""What of several clusters at once is switched on or off."""

from __future__ import annotations

from airflow_emr_pipelines.emulator.ec2.actions.registry import Emr, Request, ResponseBody, action


@action
async def set_termination_protection(emr: Emr, request: Request) -> ResponseBody:
    for cluster in emr.modifiable_job_flows(request):
        cluster.protected = request["TerminationProtected"]
    return {}


@action
async def set_keep_job_flow_alive_when_no_steps(emr: Emr, request: Request) -> ResponseBody:
    for cluster in emr.modifiable_job_flows(request):
        cluster.keep_alive_when_no_steps = request["KeepJobFlowAliveWhenNoSteps"]
        cluster.changed.set()
    return {}


@action
async def set_visible_to_all_users(emr: Emr, request: Request) -> ResponseBody:
    """It is told and does nothing, as at AWS."""
    for cluster in emr.modifiable_job_flows(request):
        cluster.visible = request["VisibleToAllUsers"]
    return {}


@action
async def set_unhealthy_node_replacement(emr: Emr, request: Request) -> ResponseBody:
    """It is told; no node is unhealthy here."""
    for cluster in emr.modifiable_job_flows(request):
        cluster.unhealthy_node_replacement = request["UnhealthyNodeReplacement"]
    return {}
