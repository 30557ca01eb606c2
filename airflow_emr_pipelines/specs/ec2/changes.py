"""What shall be otherwise in a cluster that runs. None means: as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, fields
from typing import Any, Literal, get_args

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.configurations import Configuration, configuration
from airflow_emr_pipelines.specs.ec2.fleets import Fleet, InstanceTypeConfig, OnDemandResizing, SpotResizing, fleet_type
from airflow_emr_pipelines.specs.ec2.instances import MOST_INSTANCES, MOST_TASK_GROUPS, Group
from airflow_emr_pipelines.specs.ec2.scaling import AutoScaling, ManagedScaling
from airflow_emr_pipelines.specs.values import rules
from airflow_emr_pipelines.specs.values.base import Spec
from airflow_emr_pipelines.specs.values.templates import is_rendered

Reconfiguration = Literal["MERGE", "OVERWRITE"]
SHRINK_POLICY = (
    "decommission_timeout",
    "instances_to_terminate",
    "instances_to_protect",
    "instance_termination_timeout",
)


@dataclass(frozen=True)
class GroupChange(Spec):
    """What shall be otherwise in an instance group.

    :param group: CORE, TASK where there is one such group, the name of a group, or its id
    :param count: how many instances it shall have
    :param decommission_timeout: when it shrinks: how long YARN may take to empty an instance, in the place of its own
        timeout (ShrinkPolicy)
    :param instances_to_terminate: when it shrinks: EC2 ids of the instances that shall go
    :param instances_to_protect: when it shrinks: EC2 ids of the instances that shall stay
    :param instance_termination_timeout: the timeout for instances_to_terminate
    :param configurations: applications of the group restart with these; from emr-5.21.0
    :param reconfiguration_type: MERGE keeps what configurations do not name, OVERWRITE drops it
    :param auto_scaling: the group's rules; False takes them away
    """

    kind = "group_change"

    group: str
    count: int | str | None = None
    _: KW_ONLY
    decommission_timeout: int | str | None = None
    instances_to_terminate: Sequence[str] = ()
    instances_to_protect: Sequence[str] = ()
    instance_termination_timeout: int | str | None = None
    configurations: Sequence[Configuration] | None = None
    reconfiguration_type: Reconfiguration | str = "MERGE"
    auto_scaling: AutoScaling | Literal[False] | None = None

    def __post_init__(self) -> None:
        self.check(rules.text, "group", limit=rules.NAME_LIMIT)
        self.check(rules.whole, "count", least=0, most=MOST_INSTANCES)
        self.check(rules.whole, "decommission_timeout", "instance_termination_timeout", least=0)
        self.check(rules.words, "instances_to_terminate", "instances_to_protect", each=rules.text)
        self.check(rules.words, "configurations", each=configuration)
        self.check(rules.choice, "reconfiguration_type", choices=get_args(Reconfiguration))
        self.check(_or_none, "auto_scaling", kind=AutoScaling)
        if (self.count, self.configurations, self.auto_scaling) == (None, None, None):
            self.refuse("group", "nothing of it is to change", "say count=, configurations= or auto_scaling=")
        for name in SHRINK_POLICY:
            if getattr(self, name) not in (None, ()) and self.count is None:
                self.refuse(name, "it says how a group shrinks, and to how many is not said", "say count= as well")


@dataclass(frozen=True)
class FleetChange(Spec):
    """What shall be otherwise in an instance fleet.

    :param fleet: CORE, TASK, the name of a fleet, or its id
    :param on_demand: target of on-demand units
    :param spot: target of spot units
    :param instance_types: the types that it may take; what it has of others stays as long as it is needed
    :param spot_resizing: how spot instances are sought when it grows later
    :param on_demand_resizing: how on-demand instances are sought when it grows later
    """

    kind = "fleet_change"

    fleet: str
    _: KW_ONLY
    on_demand: int | str | None = None
    spot: int | str | None = None
    instance_types: Sequence[InstanceTypeConfig | str] | None = None
    spot_resizing: SpotResizing | None = None
    on_demand_resizing: OnDemandResizing | None = None

    def __post_init__(self) -> None:
        self.check(rules.text, "fleet", limit=rules.NAME_LIMIT)
        self.check(rules.whole, "on_demand", "spot", least=0)
        self.check(rules.words, "instance_types", each=fleet_type)
        self.check(rules.instance, "spot_resizing", kind=SpotResizing)
        self.check(rules.instance, "on_demand_resizing", kind=OnDemandResizing)
        if all(
            getattr(self, name) is None
            for name in ("on_demand", "spot", "instance_types", "spot_resizing", "on_demand_resizing")
        ):
            self.refuse("fleet", "nothing of it is to change", "say on_demand= or spot=")


@dataclass(frozen=True)
class ClusterChange(Spec):
    """What shall be otherwise in a cluster. The fields are EmrModifyClusterOperator's, and described there."""

    kind = "cluster_change"

    step_concurrency: int | str | None = None
    _: KW_ONLY
    termination_protected: bool | str | None = None
    unhealthy_node_replacement: bool | str | None = None
    keep_alive: bool | str | None = None
    idle_timeout: int | str | Literal[False] | None = None
    managed_scaling: ManagedScaling | Literal[False] | None = None
    groups: Sequence[GroupChange] = ()
    task_groups: Sequence[Group] = ()
    fleets: Sequence[FleetChange] = ()
    task_fleet: Fleet | None = None

    def __post_init__(self) -> None:
        self.check(rules.whole, "step_concurrency", least=1, most=256)
        self.check(rules.truth, "termination_protected", "unhealthy_node_replacement", "keep_alive")
        self.check(_idle_timeout, "idle_timeout")
        self.check(_or_none, "managed_scaling", kind=ManagedScaling)
        self.check(rules.words, "groups", each=_group_change)
        self.check(rules.words, "task_groups", each=_task_group)
        self.check(rules.words, "fleets", each=_fleet_change)
        self.check(rules.instance, "task_fleet", kind=Fleet)
        if all(getattr(self, field.name) == field.default for field in fields(self)):
            self.refuse("step_concurrency", "nothing of the cluster is to change", "say what is", value="nothing given")
        self._check_instances()
        self._check_scaling()

    @property
    def of_instances(self) -> bool:
        """Whether groups or fleets are to change."""
        return bool(self.groups or self.task_groups or self.fleets or self.task_fleet)

    def told(self, name: str) -> str:
        return f"EmrModifyClusterOperator.{name}"

    def _check_instances(self) -> None:
        groups, fleets = (self.groups or self.task_groups), (self.fleets or self.task_fleet)
        if groups and fleets:
            self.refuse("fleets", "a cluster has groups or fleets, not both", "leave one of them out", value="both")
        if len(_known(self.task_groups)) > MOST_TASK_GROUPS:
            rule = f"a cluster has at most {MOST_TASK_GROUPS} task groups"
            self.refuse("task_groups", rule, "join groups of the same instance type", value=len(self.task_groups))
        names = [group.name for group in _known(self.task_groups) if is_rendered(group.name)]
        if len(set(names)) < len(names):
            self.refuse("task_groups", "a name is given twice", "give each group a name of its own", value=names)

    def _check_scaling(self) -> None:
        policies = [part.auto_scaling for part in (*_known(self.groups), *_known(self.task_groups))]
        if isinstance(self.managed_scaling, ManagedScaling) and any(policies):
            self.refuse(
                "managed_scaling",
                "EMR has either it or the rules of groups on a cluster",
                "leave one of them out",
                value="both",
            )


def _known(values: Any) -> tuple[Any, ...]:
    return tuple(value for value in values if is_rendered(value)) if isinstance(values, tuple) else ()


def _idle_timeout(field: str, value: Any) -> Any:
    if _is_false(value):
        return False
    return rules.whole(field, value, least=60, most=604_800)


def _or_none(field: str, value: Any, *, kind: type[Any]) -> Any:
    """A policy, or False for none."""
    return False if _is_false(value) else rules.instance(field, value, kind=kind)


def _is_false(value: object) -> bool:
    return value is False or (isinstance(value, str) and value.strip().lower() == "false")


def _group_change(field: str, value: Any) -> Any:
    if isinstance(value, GroupChange) or not is_rendered(value):
        return value
    raise InvalidSpec(field, value, "it is no GroupChange", 'write GroupChange("CORE", count=4)')


def _fleet_change(field: str, value: Any) -> Any:
    if isinstance(value, FleetChange) or not is_rendered(value):
        return value
    raise InvalidSpec(field, value, "it is no FleetChange", 'write FleetChange("CORE", spot=8)')


def _task_group(field: str, value: Any) -> Any:
    if not is_rendered(value):
        return value
    if not isinstance(value, Group):
        raise InvalidSpec(field, value, "it is no Group", 'write Group("m5.xlarge", count=2, name="more")')
    if value.name is None:
        raise InvalidSpec(
            f"{field}.name", value.name, "a retry could not tell whether the group is there already", "give it a name"
        )
    return value
