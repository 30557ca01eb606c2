"""How a cluster looks to Amazon EMR on EC2, as the request of RunJobFlow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.cluster import BootstrapAction, EbsVolumes, EmrCluster, Group, InstanceGroups
from airflow_emr_pipelines.specs.configurations import Configuration
from airflow_emr_pipelines.specs.tags import legal_value

MOST_STEPS = 256


def render_cluster(
    cluster: EmrCluster,
    *,
    name: str | None = None,
    steps: Sequence[Mapping[str, Any]] = (),
    tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The request of RunJobFlow.

    :param name: the cluster's name with its key, when it is to be created
    :param steps: StepConfigs that the cluster runs before it ends by itself; without any it is kept alive
    :param tags: tags of ours besides the cluster's own
    :raises InvalidSpec: the cluster cannot run so many steps, or cannot end by itself
    """
    _check_steps(cluster, steps)
    all_tags = {**cluster.tags, **{key: legal_value(value) for key, value in (tags or {}).items()}}
    kept_alive = not steps
    return {
        "Name": name or cluster.name,
        "ReleaseLabel": cluster.release_label,
        "Instances": _instances(cluster, kept_alive=kept_alive),
        "ServiceRole": cluster.service_role,
        "JobFlowRole": cluster.job_flow_role,
        "VisibleToAllUsers": True,
        "StepConcurrencyLevel": cluster.step_concurrency,
        **_given(
            Applications=[{"Name": application} for application in cluster.applications],
            Configurations=_configurations(cluster.configurations),
            BootstrapActions=[_bootstrap_action(action) for action in cluster.bootstrap_actions],
            LogUri=cluster.log_uri,
            SecurityConfiguration=cluster.security_configuration,
            ScaleDownBehavior=cluster.scale_down_behavior,
            Steps=list(steps),
            Tags=[{"Key": key, "Value": value} for key, value in all_tags.items()],
            AutoTerminationPolicy=_given(IdleTimeout=cluster.idle_timeout if kept_alive else None),
        ),
    }


def _check_steps(cluster: EmrCluster, steps: Sequence[Mapping[str, Any]]) -> None:
    if len(steps) > MOST_STEPS:
        raise InvalidSpec(
            "steps",
            f"{len(steps)} steps",
            f"a cluster holds at most {MOST_STEPS} that have not ended",
            "add the others when the cluster runs, as tasks of their own",
        )
    if steps and cluster.instances.primaries == 3:
        raise InvalidSpec(
            "InstanceGroups.primary",
            3,
            "a cluster with three primaries is always kept alive, and would not end after its steps",
            "choose one primary, or add the steps as tasks of their own and terminate the cluster after them",
        )


def _instances(cluster: EmrCluster, *, kept_alive: bool) -> dict[str, Any]:
    return {
        "InstanceGroups": list(_groups(cluster.instances)),
        "KeepJobFlowAliveWhenNoSteps": kept_alive,
        "TerminationProtected": cluster.termination_protected,
        **_given(
            Ec2SubnetId=cluster.ec2_subnet_id,
            Ec2KeyName=cluster.ec2_key_name,
            EmrManagedMasterSecurityGroup=cluster.emr_managed_master_security_group,
            EmrManagedSlaveSecurityGroup=cluster.emr_managed_slave_security_group,
            ServiceAccessSecurityGroup=cluster.service_access_security_group,
        ),
    }


def _groups(groups: InstanceGroups) -> Iterator[dict[str, Any]]:
    yield _group("MASTER", "Primary", groups.primary)
    if groups.core is not None:
        yield _group("CORE", "Core", groups.core)
    for place, group in enumerate(groups.tasks, start=1):
        yield _group("TASK", f"Task {place}", group)


def _group(role: str, name: str, group: Group | str) -> dict[str, Any]:
    assert isinstance(group, Group)  # InstanceGroups has made one of a text
    return {
        "Name": group.name or name,
        "InstanceRole": role,
        "InstanceType": group.instance_type,
        "InstanceCount": group.count,
        "Market": "SPOT" if group.spot else "ON_DEMAND",
        **_given(
            BidPrice=group.bid_price,
            Configurations=_configurations(group.configurations),
            EbsConfiguration=_given(EbsBlockDeviceConfigs=[_volumes(volumes) for volumes in group.ebs]),
        ),
    }


def _volumes(volumes: EbsVolumes) -> dict[str, Any]:
    return {
        "VolumeSpecification": {
            "VolumeType": volumes.volume_type,
            "SizeInGB": volumes.size_gb,
            **_given(Iops=volumes.iops, Throughput=volumes.throughput),
        },
        "VolumesPerInstance": volumes.per_instance,
    }


def _configurations(configurations: Sequence[Configuration]) -> list[dict[str, Any]]:
    return [
        {
            "Classification": configuration.classification,
            "Properties": dict(configuration.properties),
            **_given(Configurations=_configurations(configuration.configurations)),
        }
        for configuration in configurations
    ]


def _bootstrap_action(action: BootstrapAction) -> dict[str, Any]:
    return {"Name": action.name, "ScriptBootstrapAction": {"Path": action.script, "Args": list(action.args)}}


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}
