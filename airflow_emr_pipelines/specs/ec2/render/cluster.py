"""How a cluster looks to Amazon EMR on EC2, as the request of RunJobFlow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airflow_emr_pipelines.errors import HIDDEN, InvalidSpec
from airflow_emr_pipelines.specs.ec2.cluster import MANAGED_POLICIES_TAG, EmrCluster
from airflow_emr_pipelines.specs.ec2.cluster_members import CLUSTER, ROOT_VOLUME
from airflow_emr_pipelines.specs.ec2.kerberos import Secret
from airflow_emr_pipelines.specs.ec2.render.instances import render_instances, render_managed_scaling
from airflow_emr_pipelines.specs.values.members import Pairs
from airflow_emr_pipelines.specs.values.tags import legal_value

Reveal = Callable[[Secret], str]

MOST_STEPS = 256
SPREAD = {"InstanceRole": "MASTER", "PlacementStrategy": "SPREAD"}


def render_cluster(
    cluster: EmrCluster,
    *,
    name: str | None = None,
    steps: Sequence[Mapping[str, Any]] = (),
    tags: Mapping[str, str] | None = None,
    reveal: Reveal = lambda secret: HIDDEN,
) -> dict[str, Any]:
    """The request of RunJobFlow.

    :param name: the cluster's name with its key, when it is to be created
    :param steps: StepConfigs that the cluster runs before it ends by itself; without any it is kept alive
    :param tags: tags of ours besides the cluster's own
    :param reveal: reads a secret, when the request is to be sent
    :raises InvalidSpec: the cluster cannot run so many steps, cannot end by itself, or has a role for steps and none
    """
    _check_steps(cluster, steps)
    managed = {MANAGED_POLICIES_TAG: "true"} if cluster.managed_policies else {}
    all_tags = {**cluster.tags, **managed, **{key: legal_value(value) for key, value in (tags or {}).items()}}
    kept_alive = not steps
    request = CLUSTER.render(cluster)
    request["Name"] = name or cluster.name
    request["VisibleToAllUsers"] = True
    request["Instances"] |= {**render_instances(cluster.instances), "KeepJobFlowAliveWhenNoSteps": kept_alive}
    if all_tags:
        request["Tags"] = Pairs().render(all_tags)
    if cluster.root_volume is not None:
        request |= ROOT_VOLUME.render(cluster.root_volume)
    if cluster.managed_scaling is not None:
        request["ManagedScalingPolicy"] = render_managed_scaling(cluster.managed_scaling, cluster.instances)
    if cluster.kerberos is not None:
        attributes = request["KerberosAttributes"].items()
        request["KerberosAttributes"] = {
            member: reveal(value) if isinstance(value, Secret) else value for member, value in attributes
        }
    if cluster.spread_primaries:
        request["PlacementGroupConfigs"] = [SPREAD]
    if steps:
        request["Steps"] = list(steps)
    elif cluster.idle_timeout is not None:
        request["AutoTerminationPolicy"] = {"IdleTimeout": cluster.idle_timeout}
    return request


def _check_steps(cluster: EmrCluster, steps: Sequence[Mapping[str, Any]]) -> None:
    if len(steps) > MOST_STEPS:
        raise InvalidSpec(
            "steps",
            f"{len(steps)} steps",
            f"a cluster holds at most {MOST_STEPS} that have not ended",
            "add the others when the cluster runs, as tasks of their own",
        )
    if cluster.step_execution_role_arn is not None and not steps:
        raise InvalidSpec(
            "EmrCluster.step_execution_role_arn",
            cluster.step_execution_role_arn,
            "it holds for steps that are part of the request, and there are none: later ones would run without it",
            "leave it out, or hand the steps to EmrCreateClusterOperator(steps=…)",
        )
    if steps and cluster.instances.primaries == 3:
        raise InvalidSpec(
            "InstanceGroups.primary",
            3,
            "a cluster with three primaries is always kept alive, and would not end after its steps",
            "choose one primary, or add the steps as tasks of their own and terminate the cluster after them",
        )
