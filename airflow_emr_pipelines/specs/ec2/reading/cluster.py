"""Clusters as RunJobFlow, Airflow's stock operators and the AWS CLI write them, read into ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.cluster_members import CLUSTER, ROOT_VOLUME
from airflow_emr_pipelines.specs.ec2.fleets import InstanceFleets
from airflow_emr_pipelines.specs.ec2.instance_members import FLEET, GROUP
from airflow_emr_pipelines.specs.ec2.instances import Group, InstanceGroups, RootVolume
from airflow_emr_pipelines.specs.ec2.releases import lacks_idle_policy, numbers_of
from airflow_emr_pipelines.specs.values.members import Members, read_each, read_members
from airflow_emr_pipelines.specs.values.rules import nearest, truth, warn, whole
from airflow_emr_pipelines.specs.values.templates import is_text

C = TypeVar("C")

AT_ON_DEMAND_PRICE = "OnDemandPrice"
"""What the AWS CLI takes as a bid, and sends as none."""
NEW = (99, 0, 0)
ROLES = ("MASTER", "CORE", "TASK")


def read_cluster(request: Mapping[str, Any], kind: Callable[..., C]) -> C:
    """The cluster of that kind that a RunJobFlow describes.

    :raises InvalidSpec: it has something that is not understood, or that a rule refuses
    """

    def made_of(members: Members) -> C:
        fields = _fields(members)
        members.close()
        return kind(**fields)

    cluster: C = read_members("RunJobFlow", request, made_of)
    return cluster


def _fields(cluster: Members) -> dict[str, Any]:
    if cluster.take("Steps"):
        raise InvalidSpec(
            f"{cluster.path}.Steps",
            "steps",
            "they are not part of a cluster here",
            "take them out, read each by Step.from_request, and make tasks of them, cluster.run(step), or hand them to "
            "EmrCreateClusterOperator(steps=…)",
        )
    cluster.take("VisibleToAllUsers")  # has no effect any more
    fields = CLUSTER.fields(cluster)
    instances = cluster.within("Instances") or cluster.need("Instances")
    _check_kept_alive(instances)
    fields["instances"] = _groups_or_fleets(instances)
    if isinstance(fields["instances"], InstanceGroups):
        _in_one_place(fields)
    if volume := ROOT_VOLUME.fields(cluster):
        fields["root_volume"] = RootVolume(**volume)
    if _spread(cluster):
        fields["spread_primaries"] = True
    policy = cluster.within("AutoTerminationPolicy")
    if policy is not None:
        fields["idle_timeout"] = policy.take("IdleTimeout", 3600)
    elif lacks_idle_policy(numbers_of(fields["release_label"]) or NEW):
        fields["idle_timeout"] = None
        rule = "this release has no auto-termination policy: where its termination does not come to run, it lives on"
        warn(f"{cluster.path}.ReleaseLabel", fields["release_label"], rule, "choose emr-5.30.0, emr-6.1.0 or newer")
    return fields


def _check_kept_alive(instances: Members) -> None:
    """Hold that it is a truth value, and no more: every cluster is kept for its tasks, and has its idle timeout."""
    name = "KeepJobFlowAliveWhenNoSteps"
    if (value := instances.take(name)) is not None:
        truth(f"{instances.path}.{name}", value)


def _in_one_place(fields: dict[str, Any]) -> None:
    """Groups are in one place, which a request may also say as a list of one."""
    for several in ("ec2_subnet_ids", "availability_zones"):
        places, one = fields.get(several), several.removesuffix("s")
        if isinstance(places, list) and len(places) == 1 and one not in fields:
            fields[one] = fields.pop(several)[0]


def _groups_or_fleets(instances: Members) -> Any:
    groups = _each(instances, "InstanceGroups", _group)
    fleets = _each(instances, "InstanceFleets", _fleet)
    simple = [instances.take(name) for name in ("MasterInstanceType", "SlaveInstanceType", "InstanceCount")]
    if sum(map(bool, (groups, fleets, any(simple)))) != 1:
        raise InvalidSpec(
            instances.path,
            "instances",
            "a cluster has InstanceGroups, InstanceFleets or MasterInstanceType and InstanceCount",
            "give one of the three",
        )
    if any(simple):
        return _simple(instances.path, *simple)
    if groups:
        by_role = _by_role(instances.path, groups, most={"MASTER": 1, "CORE": 1})
        return InstanceGroups(by_role["MASTER"][0], next(iter(by_role["CORE"]), None), by_role["TASK"])
    by_role = _by_role(instances.path, fleets, most={"MASTER": 1, "CORE": 1, "TASK": 1})
    return InstanceFleets(by_role["MASTER"][0], *(next(iter(by_role[role]), None) for role in ("CORE", "TASK")))


def _simple(path: str, primary: Any, core: Any, asked: Any) -> InstanceGroups:
    count = whole(f"{path}.InstanceCount", asked, least=1)
    if not isinstance(count, int):
        raise InvalidSpec(f"{path}.InstanceCount", asked, "it is not known yet", "write InstanceGroups")
    return InstanceGroups(primary, Group(core or primary, count - 1) if count > 1 else None)


def _by_role(path: str, read: Sequence[tuple[Any, Any]], *, most: Mapping[str, int]) -> dict[str, list[Any]]:
    by_role: dict[str, list[Any]] = {role: [] for role in ROLES}
    for role, made in read:
        if not (is_text(role) and role in by_role):
            raise InvalidSpec(f"{path}.InstanceRole", role, "it is no role", nearest(role, ROLES))
        by_role[role].append(made)
    for role, number in most.items():
        if len(by_role[role]) > number or (role == "MASTER" and not by_role[role]):
            raise InvalidSpec(path, f"{len(by_role[role])} × {role}", f"there is one {role}", "give one")
    return by_role


def _group(group: Members) -> tuple[Any, Group]:
    role = group.take("InstanceRole") or group.take("InstanceGroupType")  # the AWS CLI's word
    fields = GROUP.fields(group)
    if fields.get("spot") is None:
        fields["spot"] = "bid_price" in fields
    if fields.get("bid_price") == AT_ON_DEMAND_PRICE:
        del fields["bid_price"]
    return role, Group(**fields)


def _fleet(fleet: Members) -> tuple[Any, Any]:
    return fleet.take("InstanceFleetType"), FLEET.made_of(fleet)


def _spread(cluster: Members) -> bool:
    """Whether the primaries are spread; EMR places nothing else, and in no other way."""
    path, configs = f"{cluster.path}.PlacementGroupConfigs", _each(cluster, "PlacementGroupConfigs", _placement)
    for role, strategy in configs:
        if (role, strategy) != ("MASTER", "SPREAD"):
            raise InvalidSpec(
                path, f"{role} {strategy}", "EMR places only primary instances, and only by SPREAD", "leave it out"
            )
    return bool(configs)


def _placement(config: Members) -> tuple[Any, Any]:
    return config.take("InstanceRole"), config.take("PlacementStrategy") or "SPREAD"


def _each(members: Members, name: str, read: Callable[[Members], Any]) -> list[Any]:
    return read_each(f"{members.path}.{name}", members.take(name, ()), read)
