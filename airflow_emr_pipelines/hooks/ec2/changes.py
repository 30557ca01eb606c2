"""A cluster that runs is made to be as a ClusterChange says. What is so already is not asked for again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NoReturn

from botocore.exceptions import ClientError

from airflow_emr_pipelines.errors import ClusterNotModified
from airflow_emr_pipelines.hooks.ec2.collections import EmrCollections
from airflow_emr_pipelines.hooks.sending import retry_until_clear, submit_once
from airflow_emr_pipelines.specs.ec2.changes import ClusterChange, FleetChange, GroupChange
from airflow_emr_pipelines.specs.ec2.fleets import Fleet
from airflow_emr_pipelines.specs.ec2.instance_members import AUTO_SCALING
from airflow_emr_pipelines.specs.ec2.instances import Group
from airflow_emr_pipelines.specs.ec2.render.changes import render_fleet_change, render_group_change
from airflow_emr_pipelines.specs.ec2.render.instances import render_fleet, render_group, render_managed_scaling
from airflow_emr_pipelines.specs.ec2.reports import ClusterReport
from airflow_emr_pipelines.specs.ec2.scaling import THIS_CLUSTER

log = logging.getLogger(__name__)

Answer = dict[str, Any]
MOST_NEW_GROUPS = 5
"""Groups that one AddInstanceGroups takes."""


class ClusterModification:
    """Changes of one cluster, made by the calls that each needs.

    The order is that of the methods in ``make``: what a cluster has either of is taken away before the other is put,
    and it is told to end after its steps only when all the rest is said.
    """

    def __init__(self, cluster: ClusterReport, collections: EmrCollections) -> None:
        self.cluster = cluster
        self.collections = collections
        self.conn = collections.hook.conn
        self.id = {"ClusterId": cluster.id}

    def make(self, change: ClusterChange) -> list[str]:
        """The ids of the groups or fleets that have to become what was asked for, which takes time.

        :raises ClusterNotModified: EMR refused, with its reason; what came before has been done
        """
        self._switches(change)
        self._idle_timeout(change)
        if change.managed_scaling is False:
            self._managed_scaling(change)
        groups = self._groups(change) if change.groups or change.task_groups else {}
        fleets = self._fleets(change) if change.fleets or change.task_fleet else {}
        self._auto_scaling(groups, taken_away=True)
        self._resize_groups(groups)
        self._resize_fleets(fleets)
        if change.managed_scaling:
            self._managed_scaling(change)
        self._auto_scaling(groups, taken_away=False)
        if change.keep_alive is not None:
            self._keep_alive(bool(change.keep_alive))
        return [*groups, *fleets]

    # What is so at once

    def _switches(self, change: ClusterChange) -> None:
        of_one = {"JobFlowIds": [self.cluster.id]}
        self._set(
            "step_concurrency",
            self.cluster.step_concurrency,
            change.step_concurrency,
            lambda level: self.conn.modify_cluster(**self.id, StepConcurrencyLevel=level),
        )
        self._set(
            "termination_protected",
            self.cluster.termination_protected,
            change.termination_protected,
            lambda on: self.conn.set_termination_protection(**of_one, TerminationProtected=on),
        )
        self._set(
            "unhealthy_node_replacement",
            self.cluster.unhealthy_node_replacement,
            change.unhealthy_node_replacement,
            lambda on: self.conn.set_unhealthy_node_replacement(**of_one, UnhealthyNodeReplacement=on),
        )

    def _keep_alive(self, wanted: bool) -> None:
        self._set(
            "keep_alive",
            not self.cluster.auto_terminate,
            wanted,
            lambda on: self.conn.set_keep_job_flow_alive_when_no_steps(
                JobFlowIds=[self.cluster.id], KeepJobFlowAliveWhenNoSteps=on
            ),
        )

    def _idle_timeout(self, change: ClusterChange) -> None:
        if change.idle_timeout is None:
            return
        policy = self._ask("idle_timeout", lambda: self.conn.get_auto_termination_policy(**self.id))

        def send(seconds: int | bool) -> None:
            if seconds is False:
                self.conn.remove_auto_termination_policy(**self.id)
            else:
                self.conn.put_auto_termination_policy(**self.id, AutoTerminationPolicy={"IdleTimeout": seconds})

        before = (policy.get("AutoTerminationPolicy") or {}).get("IdleTimeout", False)
        self._set("idle_timeout", before, change.idle_timeout, send)

    def _managed_scaling(self, change: ClusterChange) -> None:
        policy = self._ask("managed_scaling", lambda: self.conn.get_managed_scaling_policy(**self.id))
        before = policy.get("ManagedScalingPolicy") or False
        if change.managed_scaling is False:
            self._set("managed_scaling", before, False, lambda _: self.conn.remove_managed_scaling_policy(**self.id))
        elif change.managed_scaling is not None:
            unit_type = "InstanceFleetUnits" if self.cluster.has_fleets else "Instances"
            scaling = change.managed_scaling
            wanted = render_managed_scaling(replace(scaling, unit_type=scaling.unit_type or unit_type), None)
            self._set(
                "managed_scaling",
                wanted if before and holds(before, wanted) else before,
                wanted,
                lambda policy: self.conn.put_managed_scaling_policy(**self.id, ManagedScalingPolicy=policy),
            )

    # Groups

    def _groups(self, change: ClusterChange) -> dict[str, tuple[GroupChange, Answer]]:
        """The changes by the id of their group, as it was; new groups are made on the way."""
        present = self._present("groups")
        found = [(self._one(present, part.group, "groups", "InstanceGroupType"), part) for part in change.groups]
        new = [group for group in change.task_groups if self._task_group(present, group) is None]
        for first in range(0, len(new), MOST_NEW_GROUPS):
            self._add_groups(new[first : first + MOST_NEW_GROUPS])
        present = self._present("task_groups") if new else present
        for group in change.task_groups:
            answer = self._task_group(present, group)
            if answer is None:
                self._refuse(
                    f"task_groups, {group.name}",
                    "it was added, and EMR does not tell of it yet: run the task again, which adds no second one",
                )
            part = GroupChange(answer["Id"], group.count, auto_scaling=group.auto_scaling)
            found.append((answer, part))
        changes = {answer["Id"]: (part, answer) for answer, part in found}
        if len(changes) < len(found):
            self._refuse("groups", "a group is to be changed twice: say all of it in one GroupChange")
        return changes

    def _task_group(self, present: Sequence[Answer], group: Group) -> Answer | None:
        """The task group of that name, which has to be like it apart from its size."""
        market = "SPOT" if group.spot else "ON_DEMAND"
        for answer in present:
            if answer["InstanceGroupType"] == "TASK" and answer.get("Name") == group.name:
                is_of = (answer.get("InstanceType"), answer.get("Market", market))
                if is_of != (group.instance_type, market):
                    self._refuse(
                        f"task_groups, {group.name}",
                        f"there is a task group of that name, of {is_of[0]} {is_of[1]}: choose another name, for the "
                        "instances of a group cannot be exchanged",
                    )
                return answer
        return None

    def _add_groups(self, groups: Sequence[Group]) -> None:
        requests = [self._of_this_cluster(render_group("TASK", group, str(group.name))) for group in groups]
        names = [request["Name"] for request in requests]

        def send() -> str:
            unrepeated = self.collections.hook.unrepeated
            answer = unrepeated.add_instance_groups(JobFlowId=self.cluster.id, InstanceGroups=requests)
            return str(answer["InstanceGroupIds"][0])

        def find() -> str | None:
            answers = self.collections.answers()
            return next((answer["Id"] for answer in answers if answer.get("Name") == names[0]), None)

        with_reason = f"task_groups, {', '.join(names)}"
        self._ask(with_reason, lambda: submit_once(send, find, operation="AddInstanceGroups"), repeated=False)
        for request in requests:
            log.info("Added task group %s: %s %s", request["Name"], request["InstanceCount"], request["InstanceType"])

    def _resize_groups(self, changes: Mapping[str, tuple[GroupChange, Answer]]) -> None:
        """One request, which EMR carries out whole or not at all."""
        requests = []
        for group_id, (part, before) in changes.items():
            request = render_group_change(part, group_id)
            if part.count == before.get("RequestedInstanceCount") and not _stands_still(before):
                request.pop("InstanceCount", None)
                request.pop("ShrinkPolicy", None)
            if _has_configurations(before, request):
                del request["Configurations"], request["ReconfigurationType"]
            if len(request) > 1:
                requests.append(request)
                self._tell(before, "RequestedInstanceCount", request.get("InstanceCount"))
                if "Configurations" in request:
                    log.info("%s: its configurations are changed by %s", _name(before), part.reconfiguration_type)
            else:
                log.info("%s is of that size and configurations already", _name(before))
        if requests:
            self._ask("groups", lambda: self.conn.modify_instance_groups(**self.id, InstanceGroups=requests))

    def _auto_scaling(self, changes: Mapping[str, tuple[GroupChange, Answer]], *, taken_away: bool) -> None:
        for group_id, (part, before) in changes.items():
            if part.auto_scaling is None or (part.auto_scaling is False) is not taken_away:
                continue
            of_group = {**self.id, "InstanceGroupId": group_id}
            had = before.get("AutoScalingPolicy") or {}
            if part.auto_scaling is False:
                if had:
                    log.info("%s: its automatic scaling is taken away", _name(before))
                    self._ask("groups", partial(self.conn.remove_auto_scaling_policy, **of_group))
                continue
            policy = self._of_this_cluster(AUTO_SCALING.render(part.auto_scaling))
            if (had.get("Status") or {}).get("State") in ("ATTACHED", "ATTACHING", "PENDING") and holds(had, policy):
                log.info("%s has these rules of automatic scaling already", _name(before))
                continue
            log.info("%s: automatic scaling %s", _name(before), "is exchanged" if had else "is put into place")
            self._ask("groups", partial(self.conn.put_auto_scaling_policy, **of_group, AutoScalingPolicy=policy))

    # Fleets

    def _fleets(self, change: ClusterChange) -> dict[str, tuple[FleetChange, Answer]]:
        """The changes by the id of their fleet, as it was; a new task fleet is made on the way."""
        present = self._present("fleets")
        found = [(self._one(present, part.fleet, "fleets", "InstanceFleetType"), part) for part in change.fleets]
        fleet = change.task_fleet
        if fleet is not None:
            if not any(answer["InstanceFleetType"] == "TASK" for answer in present):
                self._add_fleet(fleet)
                present = self._present("task_fleet")
            part = FleetChange(
                "TASK",
                on_demand=fleet.on_demand,
                spot=fleet.spot,
                spot_resizing=fleet.spot_resizing,
                on_demand_resizing=fleet.on_demand_resizing,
            )
            found.append((self._one(present, "TASK", "task_fleet", "InstanceFleetType"), part))
        changes = {answer["Id"]: (part, answer) for answer, part in found}
        if len(changes) < len(found):
            self._refuse("fleets", "a fleet is to be changed twice: say all of it in one FleetChange")
        return changes

    def _add_fleet(self, fleet: Fleet) -> None:
        request = render_fleet("TASK", fleet, "Task")

        def send() -> str:
            unrepeated = self.collections.hook.unrepeated
            return str(unrepeated.add_instance_fleet(**self.id, InstanceFleet=request)["InstanceFleetId"])

        def find() -> str | None:
            answers = self.collections.answers()
            return next((answer["Id"] for answer in answers if answer["InstanceFleetType"] == "TASK"), None)

        self._ask("task_fleet", lambda: submit_once(send, find, operation="AddInstanceFleet"), repeated=False)
        log.info("Added a task fleet: %s units on demand, %s on the spot market", fleet.on_demand, fleet.spot)

    def _resize_fleets(self, changes: Mapping[str, tuple[FleetChange, Answer]]) -> None:
        for fleet_id, (part, before) in changes.items():
            request = render_fleet_change(part, fleet_id, before["InstanceFleetType"])
            now = {**before, "InstanceTypeConfigs": before.get("InstanceTypeSpecifications") or []}
            if holds(now, {key: value for key, value in request.items() if key != "InstanceFleetId"}) and not (
                _stands_still(before)
            ):
                log.info("%s is as it is asked to be already", _name(before))
                continue
            for member in ("TargetOnDemandCapacity", "TargetSpotCapacity"):
                self._tell(before, member, request.get(member))
            self._ask("fleets", partial(self.conn.modify_instance_fleet, **self.id, InstanceFleet=request))

    # What all need

    def _present(self, what: str) -> list[Answer]:
        if self.cluster.has_fleets is not (self.collections.fleets):
            has, wants = ("fleets", "groups") if self.cluster.has_fleets else ("groups", "fleets")
            self._refuse(what, f"the cluster's instances are in {has}, not in {wants}")
        answers: list[Answer] = self._ask(what, self.collections.answers)
        return answers

    def _one(self, present: Sequence[Answer], word: str, what: str, role: str) -> Answer:
        """The group or fleet with that id, of that role, or of that name."""
        for member in ("Id", role, "Name"):
            found = [answer for answer in present if answer.get(member) == word]
            if len(found) == 1:
                return found[0]
            if found:
                self._refuse(what, f"{word} may be any of {', '.join(map(_name, found))}: name one by its id")
        self._refuse(what, f"{word} is none of {', '.join(map(_name, present))}")

    def _of_this_cluster(self, value: Any) -> Any:
        """A policy with the cluster's own id, which EMR fills in only while a cluster is created."""
        if isinstance(value, Mapping):
            return {name: self._of_this_cluster(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self._of_this_cluster(part) for part in value]
        return self.cluster.id if value == THIS_CLUSTER else value

    def _tell(self, before: Answer, member: str, after: Any) -> None:
        if after is not None:
            log.info("%s: %s %s, was %s", _name(before), member, after, before.get(member))

    def _set(self, what: str, before: Any, wanted: Any, send: Callable[[Any], object]) -> None:
        if wanted is None:
            return
        if before == wanted and (before is False) == (wanted is False):
            log.info("%s is %s already", what, _in_words(before))
            return
        self._ask(what, lambda: send(wanted))
        log.info("%s: %s, was %s", what, _in_words(wanted), _in_words(before))

    def _ask(self, what: str, send: Callable[[], Any], *, repeated: bool = True) -> Any:
        try:
            return retry_until_clear(send, operation=what) if repeated else send()
        except ClientError as error:
            raise ClusterNotModified(self.cluster.id, {what: str(error)}) from error

    def _refuse(self, what: str, reason: str) -> NoReturn:
        raise ClusterNotModified(self.cluster.id, {what: reason})


def holds(had: Any, wanted: Any) -> bool:
    """Whether all that is wanted is there: EMR tells more than it was given, such as defaults."""
    if isinstance(wanted, Mapping):
        return isinstance(had, Mapping) and all(name in had and holds(had[name], wanted[name]) for name in wanted)
    if isinstance(wanted, list):
        if not isinstance(had, Sequence) or len(had) != len(wanted):
            return False
        return all(holds(one, other) for one, other in zip(had, wanted, strict=True))
    return bool(had == wanted)


def _has_configurations(before: Answer, request: Mapping[str, Any]) -> bool:
    """Whether the group has, or is about to get, the configurations that a request asks for."""
    if "Configurations" not in request:
        return False
    had, wanted = _settings(before.get("Configurations") or ()), _settings(request["Configurations"])
    return had == wanted if request["ReconfigurationType"] == "OVERWRITE" else wanted.items() <= had.items()


def _settings(configurations: Sequence[Answer]) -> dict[tuple[str, ...], str]:
    """Each setting by its name and those of the classifications that it is in."""
    return dict(_walk(configurations, ()))


def _walk(configurations: Sequence[Answer], within: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    for one in configurations:
        place = (*within, one.get("Classification", ""))
        yield from (((*place, name), value) for name, value in (one.get("Properties") or {}).items())
        yield from _walk(one.get("Configurations") or (), place)


def _stands_still(before: Answer) -> bool:
    """Whether a group or fleet has given up, and has to be asked anew."""
    return before["Status"]["State"] in ("SUSPENDED", "ARRESTED")


def _name(answer: Answer) -> str:
    role = answer.get("InstanceGroupType") or answer.get("InstanceFleetType")
    return f"{role} {answer.get('Name') or ''} ({answer['Id']})".replace("  ", " ")


def _in_words(value: Any) -> str:
    return "off" if value is False else "on" if value is True else str(value)
