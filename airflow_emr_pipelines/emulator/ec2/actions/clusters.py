"""Clusters: created, described, terminated."""

from __future__ import annotations

from airflow_emr_pipelines.emulator.aws.errors import PROTECTED, Refused
from airflow_emr_pipelines.emulator.ec2 import rules
from airflow_emr_pipelines.emulator.ec2.actions.instances import new_collections
from airflow_emr_pipelines.emulator.ec2.actions.registry import (
    ACCOUNT,
    PAGE,
    Emr,
    Request,
    ResponseBody,
    action,
    by_id,
    page,
)
from airflow_emr_pipelines.emulator.ec2.actions.steps import new_step
from airflow_emr_pipelines.emulator.ec2.ids import new_id
from airflow_emr_pipelines.emulator.ec2.lifecycle import USER_REQUEST
from airflow_emr_pipelines.emulator.ec2.model import Cluster
from airflow_emr_pipelines.emulator.ec2.responses import (
    bootstrap_response,
    cluster_response,
    cluster_summary,
    without_secrets,
)


@action
async def run_job_flow(emr: Emr, request: Request) -> ResponseBody:
    security = _security(emr, request)
    rules.new_cluster(request, security, emr.region)
    request = without_secrets(request)
    cluster_id = new_id("j-")
    instances = request["Instances"]
    policy = request.get("AutoTerminationPolicy")
    cluster = Cluster(
        id=cluster_id,
        arn=f"arn:aws:elasticmapreduce:{emr.region}:{ACCOUNT}:cluster/{cluster_id}",
        region=emr.region,
        request=request,
        collections=new_collections(instances, emr.clock.now()),
        created=emr.clock.now(),
        tags={tag["Key"]: tag.get("Value", "") for tag in request.get("Tags", ())},
        protected=instances.get("TerminationProtected", False) or rules.has_three_primaries(instances),
        keep_alive_when_no_steps=instances.get("KeepJobFlowAliveWhenNoSteps", False),
        visible=request.get("VisibleToAllUsers", True),
        unhealthy_node_replacement=instances.get("UnhealthyNodeReplacement"),
        step_concurrency=request.get("StepConcurrencyLevel", 1),
        extended_support=request.get("ExtendedSupport"),
        security_configuration=request.get("SecurityConfiguration"),
        security=security,
        managed_scaling=request.get("ManagedScalingPolicy"),
        idle_timeout=policy.get("IdleTimeout", 3600) if policy is not None else None,
    )
    role = request.get("StepExecutionRoleArn")
    cluster.steps = [new_step(emr, config, role) for config in request.get("Steps", ())]
    emr.clusters.add(cluster)
    emr.lifecycles.begin(cluster)
    return {"JobFlowId": cluster.id, "ClusterArn": cluster.arn}


def _security(emr: Emr, request: Request) -> Request:
    """What the security configuration says that a cluster is to have."""
    name = request.get("SecurityConfiguration")
    return {} if name is None else emr.security_configuration(name).content


@action
async def describe_cluster(emr: Emr, request: Request) -> ResponseBody:
    return {"Cluster": cluster_response(emr.cluster(request["ClusterId"]), emr.clock.now())}


@action
async def list_clusters(emr: Emr, request: Request) -> ResponseBody:
    """The newest first. EMR promises no order, and keeps to this one."""
    after, before = request.get("CreatedAfter"), request.get("CreatedBefore")
    states = request.get("ClusterStates")

    def wanted(cluster: Cluster) -> bool:
        return (
            (after is None or cluster.created >= after)
            and (before is None or cluster.created <= before)
            and (not states or cluster.state.value in states)
        )

    found, marker = page(emr.clusters.of(emr.region)[::-1], by_id, request, PAGE, wanted)
    return {"Clusters": [cluster_summary(cluster, emr.clock.now()) for cluster in found], "Marker": marker}


@action
async def modify_cluster(emr: Emr, request: Request) -> ResponseBody:
    cluster = emr.modifiable_cluster(request["ClusterId"])
    if "StepConcurrencyLevel" in request:
        rules.step_concurrency(request["StepConcurrencyLevel"], rules.release_of(cluster.request["ReleaseLabel"]))
        cluster.step_concurrency = request["StepConcurrencyLevel"]
        cluster.changed.set()
    cluster.extended_support = request.get("ExtendedSupport", cluster.extended_support)
    return {"StepConcurrencyLevel": cluster.step_concurrency, "ExtendedSupport": cluster.extended_support}


@action
async def terminate_job_flows(emr: Emr, request: Request) -> ResponseBody:
    clusters = emr.job_flows(request)
    protected = [cluster for cluster in clusters if cluster.protected and not cluster.state.finished]
    for cluster in clusters:
        if cluster not in protected and not cluster.state.finished:
            cluster.ask_for_end(USER_REQUEST)
    if protected:
        raise Refused(PROTECTED)
    return {}


@action
async def list_bootstrap_actions(emr: Emr, request: Request) -> ResponseBody:
    actions = emr.cluster(request["ClusterId"]).request.get("BootstrapActions", [])
    found, marker = page(list(enumerate(actions)), lambda action: str(action[0]), request, PAGE)
    return {"BootstrapActions": [bootstrap_response(config) for _, config in found], "Marker": marker}
