"""What of several clusters at once is switched on or off."""

from __future__ import annotations

from airflow_emr_pipelines.emulator.ec2 import rules
from airflow_emr_pipelines.emulator.ec2.actions.registry import Answer, Emr, Request, action
from airflow_emr_pipelines.emulator.ec2.model import Cluster


@action
async def set_termination_protection(emr: Emr, request: Request) -> Answer:
    for cluster in _modifiable(emr, "SetTerminationProtection", request):
        cluster.protected = request["TerminationProtected"]
    return {}


@action
async def set_keep_job_flow_alive_when_no_steps(emr: Emr, request: Request) -> Answer:
    for cluster in _modifiable(emr, "SetKeepJobFlowAliveWhenNoSteps", request):
        cluster.keep_alive_when_no_steps = request["KeepJobFlowAliveWhenNoSteps"]
        cluster.changed.set()
    return {}


@action
async def set_visible_to_all_users(emr: Emr, request: Request) -> Answer:
    """It is told and does nothing, as at AWS."""
    for cluster in _modifiable(emr, "SetVisibleToAllUsers", request):
        cluster.visible = request["VisibleToAllUsers"]
    return {}


@action
async def set_unhealthy_node_replacement(emr: Emr, request: Request) -> Answer:
    """It is told; no node is unhealthy here."""
    for cluster in _modifiable(emr, "SetUnhealthyNodeReplacement", request):
        cluster.unhealthy_node_replacement = request["UnhealthyNodeReplacement"]
    return {}


def _modifiable(emr: Emr, operation: str, request: Request) -> list[Cluster]:
    clusters = emr.job_flows(operation, request)
    for cluster in clusters:
        rules.modifiable(cluster)
    return clusters
