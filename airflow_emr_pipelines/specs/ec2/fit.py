"""What is asked of a cluster that its nodes can never give, as far as that is known before there is the cluster.

Memory alone is held against the nodes, as EMR's YARN does. Where two things may be so, the one is taken with which more
fits: what would run is not complained of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster
from airflow_emr_pipelines.specs.ec2.configurations import Configuration
from airflow_emr_pipelines.specs.ec2.fleets import Fleet, InstanceFleets
from airflow_emr_pipelines.specs.ec2.instances import Group, InstanceGroups
from airflow_emr_pipelines.specs.ec2.node_sizes import memory_of
from airflow_emr_pipelines.specs.ec2.scaling import AutoScaling, ManagedScaling
from airflow_emr_pipelines.specs.ec2.yarn import yarn_memory_of
from airflow_emr_pipelines.specs.steps import SparkSqlStep, SparkStep, Step
from airflow_emr_pipelines.specs.steps.spark_conf import KIB, MEMORY
from airflow_emr_pipelines.specs.values.rules import warn_where_written
from airflow_emr_pipelines.specs.values.templates import is_rendered

NODE_MEMORY = "yarn.nodemanager.resource.memory-mb"
LEAST_FACTOR, LEAST_OVERHEAD = 0.10, 384
"""Spark's own rule for what lies outside a heap. EMR's factor is 0.1875 for executors, by what its logs say."""

FIELDS = {
    "spark.driver.memory": "driver_memory",
    "spark.executor.memory": "executor_memory",
    "spark.executor.instances": "num_executors",
    "spark.submit.deployMode": "deploy_mode",
}
"""The fields of a step that say a setting."""


class Misfit(NamedTuple):
    """What will not fit, and a word for it, which stays the same."""

    code: str
    text: str


@dataclass(frozen=True)
class _Nodes:
    """Like machines that run containers.

    :param yarn_memory: MiB for containers
    :param most: how many there may be; None for not known
    """

    instance_type: str
    yarn_memory: int
    most: int | None


class _NotKnown(Exception):
    """Something that is needed to judge is not known before the run."""


def warn_of_misfits(cluster: Any, *steps: Any) -> None:
    """Warn where a DAG is written of what a cluster cannot run of the steps, or without any of the cluster itself."""
    found = [misfit for step in steps for misfit in step_misfits(step, cluster)] if steps else cluster_misfits(cluster)
    for misfit in found:
        warn_where_written(misfit.text)


def cluster_misfits(cluster: Any) -> Iterator[Misfit]:
    """A core group without an instance, which holds no HDFS and grows by nothing."""
    if not isinstance(cluster, EmrCluster) or cluster.managed_scaling is not None:
        return
    core = cluster.instances.core if isinstance(cluster.instances, InstanceGroups) else None
    if isinstance(core, Group) and core.count == 0 and core.auto_scaling is None:
        yield Misfit(
            "empty-core-group",
            f"cluster {cluster.name} has a core group of 0 instances: HDFS has no node, and steps that need it fail or "
            "wait; give the core group an instance, or leave it out, and steps run on the primary node",
        )


def step_misfits(step: Any, cluster: Any) -> Iterator[Misfit]:
    """Executors and a driver of a Spark step that the cluster's nodes have no room for."""
    if not isinstance(step, (SparkStep, SparkSqlStep)) or not isinstance(cluster, EmrCluster):
        return
    try:
        settings = _Settings(step, cluster)
        nodes = list(_nodes_of(cluster))
    except _NotKnown:
        return
    if nodes and any(node.most != 0 for node in nodes):
        yield from _driver_misfits(step, cluster, settings, nodes)
        yield from _executor_misfits(step, settings, nodes)


def _driver_misfits(step: Step, cluster: EmrCluster, settings: _Settings, nodes: list[_Nodes]) -> Iterator[Misfit]:
    heap = settings.memory("spark.driver.memory")
    if heap is None:
        return
    if settings.deploy_mode == "cluster":
        asked, largest = settings.container("driver") or 0, max(nodes, key=lambda node: node.yarn_memory)
        room, place = largest.yarn_memory, f"YARN gives containers of {largest.instance_type}, the largest node,"
        outcome = "it can never start"
    elif settings.deploy_mode == "client":
        primary = _primary_type(cluster)
        asked, room = heap, (memory_of(primary) if primary else None) or heap
        place, outcome = f"the primary node, on which it runs, a {primary}, has", "it may run out of memory"
    else:
        return
    if asked > room:
        yield Misfit(
            "driver-too-large",
            f"step {step.name!r} asks for a driver of {_mib(asked)}, and {place} {_mib(room)}: {outcome}; ask for less "
            "driver memory, or take larger nodes",
        )


def _executor_misfits(step: Step, settings: _Settings, nodes: list[_Nodes]) -> Iterator[Misfit]:
    container = settings.container("executor")
    if container is None:
        return
    largest = max(nodes, key=lambda node: node.yarn_memory)
    if container > largest.yarn_memory:
        yield Misfit(
            "executor-too-large",
            f"step {step.name!r} asks for executors of {_mib(container)} with what lies outside the heap, and YARN "
            f"gives containers of {largest.instance_type}, the largest node, {_mib(largest.yarn_memory)}: none can "
            "ever start; ask for less executor memory, or take larger nodes",
        )
        return
    asked = settings.number("spark.executor.instances")
    driver = (settings.container("driver") or 0) if settings.deploy_mode == "cluster" else 0
    room = _room_for(container, driver, nodes)
    if asked is not None and room is not None and asked > room:
        there = ", ".join(f"{node.most} {node.instance_type} with {_mib(node.yarn_memory)}" for node in nodes)
        yield Misfit(
            "executors-do-not-fit",
            f"step {step.name!r} asks for {asked} executors of {_mib(container)} with what lies outside the heap, and "
            f"YARN has room for {room} ({there} each): the others wait without end; take more or larger nodes, or ask "
            "for fewer or smaller executors",
        )


def _room_for(container: int, driver: int, nodes: list[_Nodes]) -> int | None:
    """How many executors fit at the most beside the driver, wherever that is; None where it is not known."""
    room = 0
    for node in nodes:
        if node.most is None:
            return None
        room += node.most * (node.yarn_memory // container)
    hosts = [node for node in nodes if node.most and node.yarn_memory >= driver]
    lost = (node.yarn_memory // container - (node.yarn_memory - driver) // container for node in hosts)
    return room - min(lost, default=0)


def _nodes_of(cluster: EmrCluster) -> Iterator[_Nodes]:
    """The machines that run containers: core and task, or the primary where there are no others."""
    instances, scaling = cluster.instances, cluster.managed_scaling
    if isinstance(instances, InstanceGroups):
        found = [(group, _most(group)) for role, group in instances.each() if role != "primary"]
        if instances.core is None:
            found = [(group, 1) for _, group in instances.each()]
        complete = isinstance(instances.tasks, tuple) and all(isinstance(task, Group) for task in instances.tasks)
        if not complete or not (instances.core is None or isinstance(instances.core, Group)):
            raise _NotKnown
        if scaling is not None:
            found = [(group, None) for group, _ in found]
        each: list[tuple[Any, int | None]] = list(found)
    elif isinstance(instances, InstanceFleets):
        fleets: list[Any] = [fleet for fleet in (instances.core, instances.task) if fleet] or [instances.primary]
        if not all(isinstance(fleet, Fleet) and isinstance(fleet.instance_types, tuple) for fleet in fleets):
            raise _NotKnown
        each = [(config, None) for fleet in fleets for config in fleet.instance_types]
    else:
        raise _NotKnown
    nodes = [_Nodes(owner.instance_type, _yarn_memory(owner, cluster), most) for owner, most in each]
    if isinstance(scaling, ManagedScaling) and scaling.unit_type != "VCPU" and isinstance(instances, InstanceGroups):
        most = scaling.maximum if isinstance(scaling.maximum, int) else None
        largest = max(nodes, key=lambda node: node.yarn_memory)
        nodes = [_Nodes(largest.instance_type, largest.yarn_memory, most)]
    yield from nodes


def _most(group: Group) -> int | None:
    most = group.auto_scaling.maximum if isinstance(group.auto_scaling, AutoScaling) else group.count
    return most if isinstance(most, int) and is_rendered(group.auto_scaling) else None


def _yarn_memory(owner: Any, cluster: EmrCluster) -> int:
    """MiB for containers, as a setting of the group's or the cluster's says, or as EMR gives it to the type.

    :raises _NotKnown: neither says it
    """
    for configurations in (getattr(owner, "configurations", ()), cluster.configurations):
        said = _properties("yarn-site", configurations).get(NODE_MEMORY)
        if said is not None:
            if not str(said).isdigit():
                raise _NotKnown
            return int(said)
    found = yarn_memory_of(owner.instance_type) if is_rendered(owner.instance_type) else None
    if found is None:
        raise _NotKnown
    return found


def _properties(classification: str, configurations: Any) -> Mapping[str, Any]:
    """The properties of a classification.

    :raises _NotKnown: one of the configurations is not there yet
    """
    found: dict[str, Any] = {}
    for each in configurations if isinstance(configurations, (tuple, list)) else [configurations]:
        if not isinstance(each, Configuration) or not is_rendered(each.classification):
            raise _NotKnown
        if each.classification == classification:
            if not isinstance(each.properties, Mapping):
                raise _NotKnown
            found.update(each.properties)
    return found


def _primary_type(cluster: EmrCluster) -> str | None:
    """The type of the primary node where there can be but one."""
    instances = cluster.instances
    if not isinstance(instances, (InstanceGroups, InstanceFleets)):
        return None
    types = {owner.instance_type for role, owner in instances.each() if role == "primary"}
    return types.pop() if len(types) == 1 else None


class _Settings:
    """What Spark is told of sizes: by the step's options, its conf, or the cluster's spark-defaults.

    :raises _NotKnown: there is a file of settings besides, some are not there yet, or Spark does not run on YARN
    """

    def __init__(self, step: SparkStep | SparkSqlStep, cluster: EmrCluster) -> None:
        owners = cluster.instances.each() if is_rendered(cluster.instances) else ()
        if getattr(step, "properties_file", None) is not None or not isinstance(step.conf, Mapping):
            raise _NotKnown
        if any(_properties("spark-defaults", getattr(owner, "configurations", ())) for _, owner in owners):
            raise _NotKnown
        said = {setting: getattr(step, field, None) for setting, field in FIELDS.items()}
        options = {setting: value for setting, value in said.items() if value is not None}
        self.values = {**_properties("spark-defaults", cluster.configurations), **step.conf, **options}
        if self.values.get("spark.master", "yarn") != "yarn":
            raise _NotKnown

    @property
    def deploy_mode(self) -> str:
        """``cluster`` or ``client``, or a text that is neither yet."""
        return str(self.values.get("spark.submit.deployMode", "client"))

    def number(self, name: str) -> int | None:
        """A whole number that is known."""
        value = self.values.get(name)
        return int(value) if isinstance(value, (str, int)) and str(value).isdigit() else None

    def memory(self, *names: str) -> int | None:
        """MiB; of several names the first that is said."""
        value = next((self.values[name] for name in names if name in self.values), None)
        text = value.strip() if isinstance(value, str) else str(value) if isinstance(value, int) else ""
        amount = MEMORY.fullmatch(text)
        if amount:
            return int(float(amount[1]) * KIB[amount[2].lower()] / 1024)
        return int(text) if text.isdigit() else None

    def container(self, of: str) -> int | None:
        """MiB of a driver or an executor with what lies outside its heap; None where it is not known."""
        heap, names = (
            self.memory(f"spark.{of}.memory"),
            (f"spark.{of}.memoryOverhead", f"spark.yarn.{of}.memoryOverhead"),
        )
        if heap is None:
            return None
        if any(name in self.values for name in names):
            overhead = self.memory(*names)
            return None if overhead is None else heap + overhead
        if f"spark.{of}.minMemoryOverhead" in self.values or f"spark.{of}.memoryOverheadFactor" in self.values:
            return heap  # at least
        return heap + max(int(heap * LEAST_FACTOR), LEAST_OVERHEAD)


def _mib(amount: int) -> str:
    return f"{amount:,} MiB"
