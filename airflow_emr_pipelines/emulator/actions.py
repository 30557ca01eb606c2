"""One small function for each action of EMR on EC2: judge by the rules, tell the model, shape the answer."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from ipaddress import IPv4Address
from typing import Any, TypeVar

from airflow_emr_pipelines.emulator import rules
from airflow_emr_pipelines.emulator.answers import (
    bootstrap_answer,
    cluster_answer,
    cluster_summary,
    group_answer,
    instance_answer,
    step_answer,
)
from airflow_emr_pipelines.emulator.errors import PROTECTED, Refused, no_such_cluster
from airflow_emr_pipelines.emulator.life import USER_REQUEST, Lives
from airflow_emr_pipelines.emulator.model import (
    HEX,
    Clock,
    Cluster,
    Clusters,
    Instance,
    InstanceGroup,
    Step,
    new_id,
)
from airflow_emr_pipelines.specs.states import StepState

Answer = dict[str, Any]
Request = Mapping[str, Any]
T = TypeVar("T")

ACCOUNT = "123456789012"
PAGE = 50
INSTANCES_PAGE = 2000
FIRST_ADDRESS = IPv4Address("10.0.0.1")


class Emr:
    """EMR on EC2 in one region, as a request meets it."""

    def __init__(self, clusters: Clusters, lives: Lives, clock: Clock, region: str) -> None:
        self.clusters, self.lives, self.clock, self.region = clusters, lives, clock, region

    def cluster(self, operation: str, cluster_id: str) -> Cluster:
        found = self.clusters.get(self.region, cluster_id)
        if found is None:
            raise no_such_cluster(operation, cluster_id)
        return found


Action = Callable[[Emr, Request], Awaitable[Answer]]
ACTIONS: dict[str, Action] = {}


def action(function: Action) -> Action:
    """Register a function under its verb: run_job_flow is RunJobFlow."""
    ACTIONS["".join(part.capitalize() for part in function.__name__.split("_"))] = function
    return function


@action
async def run_job_flow(emr: Emr, request: Request) -> Answer:
    rules.new_cluster(request)
    cluster_id = new_id("j-")
    instances = request["Instances"]
    policy = request.get("AutoTerminationPolicy")
    cluster = Cluster(
        id=cluster_id,
        arn=f"arn:aws:elasticmapreduce:{emr.region}:{ACCOUNT}:cluster/{cluster_id}",
        region=emr.region,
        request=request,
        groups=_new_groups(_group_configs(instances)),
        created=emr.clock.now(),
        tags={tag["Key"]: tag.get("Value", "") for tag in request.get("Tags", ())},
        protected=instances.get("TerminationProtected", False) or rules.has_three_primaries(instances),
        idle_timeout=policy.get("IdleTimeout", 3600) if policy is not None else None,
    )
    cluster.steps = [_new_step(emr, config) for config in request.get("Steps", ())]
    emr.clusters.add(cluster)
    emr.lives.begin(cluster)
    return {"JobFlowId": cluster.id, "ClusterArn": cluster.arn}


@action
async def describe_cluster(emr: Emr, request: Request) -> Answer:
    return {"Cluster": cluster_answer(emr.cluster("DescribeCluster", request["ClusterId"]), emr.clock.now())}


@action
async def list_clusters(emr: Emr, request: Request) -> Answer:
    after, before = request.get("CreatedAfter"), request.get("CreatedBefore")
    states = request.get("ClusterStates")

    def wanted(cluster: Cluster) -> bool:
        return (
            (after is None or cluster.created >= after)
            and (before is None or cluster.created <= before)
            and (not states or cluster.state.value in states)
        )

    # EMR promises no order; by id it is none that a client could rely on.
    clusters = sorted(emr.clusters.of(emr.region), key=by_id)
    page, marker = _page(clusters, by_id, request, PAGE, wanted)
    return {"Clusters": [cluster_summary(cluster, emr.clock.now()) for cluster in page], "Marker": marker}


@action
async def terminate_job_flows(emr: Emr, request: Request) -> Answer:
    clusters = _named(emr, "TerminateJobFlows", request)
    protected = [cluster for cluster in clusters if cluster.protected and not cluster.state.finished]
    for cluster in clusters:
        if cluster not in protected and not cluster.state.finished:
            cluster.ask_for_end(USER_REQUEST)
    if protected:
        raise Refused(PROTECTED)
    return {}


@action
async def set_termination_protection(emr: Emr, request: Request) -> Answer:
    clusters = _named(emr, "SetTerminationProtection", request)
    for cluster in clusters:
        rules.modifiable(cluster)
    for cluster in clusters:
        cluster.protected = request["TerminationProtected"]
    return {}


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


@action
async def put_auto_termination_policy(emr: Emr, request: Request) -> Answer:
    cluster = emr.cluster("PutAutoTerminationPolicy", request["ClusterId"])
    rules.modifiable(cluster)
    policy = request.get("AutoTerminationPolicy", {})
    rules.auto_termination(policy, rules.release_of(cluster.request["ReleaseLabel"]))
    cluster.idle_timeout = policy.get("IdleTimeout", 3600)
    cluster.changed.set()
    return {}


@action
async def get_auto_termination_policy(emr: Emr, request: Request) -> Answer:
    timeout = emr.cluster("GetAutoTerminationPolicy", request["ClusterId"]).idle_timeout
    return {} if timeout is None else {"AutoTerminationPolicy": {"IdleTimeout": timeout}}


@action
async def remove_auto_termination_policy(emr: Emr, request: Request) -> Answer:
    cluster = emr.cluster("RemoveAutoTerminationPolicy", request["ClusterId"])
    rules.modifiable(cluster)
    cluster.idle_timeout = None
    cluster.changed.set()
    return {}


@action
async def list_instance_groups(emr: Emr, request: Request) -> Answer:
    cluster = emr.cluster("ListInstanceGroups", request["ClusterId"])
    page, marker = _page(cluster.groups, by_id, request, PAGE)
    return {"InstanceGroups": [group_answer(cluster, group) for group in page], "Marker": marker}


@action
async def list_instances(emr: Emr, request: Request) -> Answer:
    cluster = emr.cluster("ListInstances", request["ClusterId"])
    if "InstanceFleetId" in request or "InstanceFleetType" in request:
        raise Refused("Instance fleets and instance groups are mutually exclusive.")
    roles, states = request.get("InstanceGroupTypes"), request.get("InstanceStates")
    answers = [
        instance_answer(cluster, group, instance)
        for group in cluster.groups
        if request.get("InstanceGroupId") in (None, group.id) and (not roles or group.config["InstanceRole"] in roles)
        for instance in group.instances
    ]
    page, marker = _page(
        answers,
        lambda answer: str(answer["Id"]),
        request,
        INSTANCES_PAGE,
        lambda answer: not states or answer["Status"]["State"] in states,
    )
    return {"Instances": page, "Marker": marker}


@action
async def list_bootstrap_actions(emr: Emr, request: Request) -> Answer:
    actions = emr.cluster("ListBootstrapActions", request["ClusterId"]).request.get("BootstrapActions", [])
    page, marker = _page(list(enumerate(actions)), lambda action: str(action[0]), request, PAGE)
    return {"BootstrapActions": [bootstrap_answer(config) for _, config in page], "Marker": marker}


@action
async def add_job_flow_steps(emr: Emr, request: Request) -> Answer:
    cluster = emr.cluster("AddJobFlowSteps", request["JobFlowId"])
    rules.added_steps(cluster, request["Steps"])
    if "ExecutionRoleArn" in request:
        raise Refused("The runtime role needs a security configuration that enables it, and the cluster has none.")
    new = [_new_step(emr, config) for config in request["Steps"]]
    cluster.steps.extend(new)
    cluster.changed.set()
    return {"StepIds": [step.id for step in new]}


@action
async def list_steps(emr: Emr, request: Request) -> Answer:
    cluster = emr.cluster("ListSteps", request["ClusterId"])
    ids, states = request.get("StepIds"), request.get("StepStates")
    if ids and len(ids) > 10:
        raise Refused(f"At most 10 step ids can be specified, not {len(ids)}.")
    if ids and states:
        raise Refused("StepIds and StepStates cannot be specified together.")
    known = {step.id for step in cluster.steps}
    for step_id in ids or ():
        if step_id not in known:
            raise Refused(f"Step id '{step_id}' is not valid.")

    def wanted(step: Step) -> bool:
        return (not ids or step.id in ids) and (not states or step.state.value in states)

    page, marker = _page(cluster.steps[::-1], by_id, request, PAGE, wanted)
    return {"Steps": [step_answer(step) for step in page], "Marker": marker}


@action
async def describe_step(emr: Emr, request: Request) -> Answer:
    cluster = emr.cluster("DescribeStep", request["ClusterId"])
    for step in cluster.steps:
        if step.id == request["StepId"]:
            return {"Step": step_answer(step)}
    raise Refused(f"Step id '{request['StepId']}' is not valid.")


@action
async def cancel_steps(emr: Emr, request: Request) -> Answer:
    cluster = emr.cluster("CancelSteps", request["ClusterId"])
    rules.modifiable(cluster)
    if not request["StepIds"] or len(request["StepIds"]) > 256:
        raise Refused("1 to 256 step ids can be specified.")
    kill = request.get("StepCancellationOption") == "TERMINATE_PROCESS"
    release = rules.release_of(cluster.request["ReleaseLabel"])
    steps = {step.id: step for step in cluster.steps}
    infos = []
    for step_id in request["StepIds"]:
        step = steps.get(step_id)
        if step is None:
            infos.append({"StepId": step_id, "Status": "FAILED", "Reason": f"Step id '{step_id}' is not valid."})
        elif reason := rules.not_cancellable(step, release):
            infos.append({"StepId": step_id, "Status": "FAILED", "Reason": reason})
        else:
            await emr.lives.cancel(cluster, step, kill=kill)
            infos.append({"StepId": step_id, "Status": "SUBMITTED"})
    return {"CancelStepsInfoList": infos}


def _named(emr: Emr, operation: str, request: Request) -> list[Cluster]:
    """The clusters of a verb that takes several, which all must exist."""
    if not 1 <= len(request["JobFlowIds"]) <= 10:
        raise Refused("1 to 10 job flow ids can be specified.")
    return [emr.cluster(operation, cluster_id) for cluster_id in request["JobFlowIds"]]


def by_id(thing: Cluster | InstanceGroup | Step) -> str:
    return thing.id


def _page(
    everything: Sequence[T],
    key: Callable[[T], str],
    request: Request,
    size: int,
    wanted: Callable[[T], bool] = lambda _: True,
) -> tuple[Sequence[T], str | None]:
    """What is wanted after the request's marker, and the marker of the next page.

    A marker is the last thing that was told, not how many there were: what is new or no longer wanted by the time of
    the next page shifts nothing.
    """
    start = 0
    if "Marker" in request:
        keys = [base64.b64encode(key(thing).encode()).decode() for thing in everything]
        if request["Marker"] not in keys:
            raise Refused("The marker is not valid.")
        start = keys.index(request["Marker"]) + 1
    found = [thing for thing in everything[start:] if wanted(thing)]
    marker = base64.b64encode(key(found[size - 1]).encode()).decode() if len(found) > size else None
    return found[:size], marker


def _new_step(emr: Emr, config: Request) -> Step:
    jar_step = dict(config["HadoopJarStep"])
    jar_step["Properties"] = {item["Key"]: item.get("Value", "") for item in jar_step.get("Properties", ())}
    return Step(
        id=new_id("s-"),
        name=config["Name"],
        config=jar_step,
        action_on_failure=config.get("ActionOnFailure", "CONTINUE"),
        created=emr.clock.now(),
        state=StepState.PENDING,
    )


def _group_configs(instances: Request) -> list[Request]:
    """The instance groups; the old form of one type for all is the same as two groups."""
    if instances.get("InstanceGroups"):
        return list(instances["InstanceGroups"])
    core_type = instances.get("SlaveInstanceType") or instances["MasterInstanceType"]
    roles = [("MASTER", instances["MasterInstanceType"], 1), ("CORE", core_type, instances["InstanceCount"] - 1)]
    return [
        {
            "Name": role.lower(),
            "InstanceRole": role,
            "InstanceType": kind,
            "InstanceCount": count,
            "Market": "ON_DEMAND",
        }
        for role, kind, count in roles
        if count
    ]


def _new_groups(configs: Sequence[Request]) -> list[InstanceGroup]:
    numbers = itertools.count()
    return [
        InstanceGroup(
            new_id("ig-"),
            config,
            [
                Instance(new_id("ci-"), new_id("i-", 17, HEX), str(FIRST_ADDRESS + next(numbers)))
                for _ in range(config["InstanceCount"])
            ],
        )
        for config in configs
    ]
