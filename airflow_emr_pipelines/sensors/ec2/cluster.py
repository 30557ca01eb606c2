"""A sensor for the state of a cluster of Amazon EMR on EC2."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, ClassVar

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.operators.calls import ALWAYS, Calls
from airflow_emr_pipelines.operators.ec2.failures import cluster_failed_error
from airflow_emr_pipelines.operators.ec2.jobs import CLUSTER
from airflow_emr_pipelines.sensors.base import EmrSensor
from airflow_emr_pipelines.specs.ec2.reports import ClusterReport
from airflow_emr_pipelines.specs.ec2.states import ClusterState, ClusterStateWord
from airflow_emr_pipelines.specs.values import ids, rules


class EmrClusterSensor(EmrSensor[ClusterReport]):
    """Wait until a cluster has one of the target states.

    :param cluster_id: the cluster
    :param target_states: the states that end the wait well; the cluster can take steps by default
    :raises ClusterFailed: the cluster ended in another state, with its reason
    """

    calls: ClassVar[Calls] = {ALWAYS: ("DescribeCluster",)}
    template_fields: Sequence[str] = ("cluster_id", "target_states", *EmrSensor.template_fields)
    waits_for = CLUSTER

    def __init__(
        self,
        *,
        cluster_id: str | Any,
        target_states: Collection[ClusterStateWord | str] | Any = ("RUNNING", "WAITING"),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cluster_id = ids.cluster_id("EmrClusterSensor.cluster_id", cluster_id)
        known = isinstance(target_states, (str, list, tuple, set, frozenset))
        self.target_states = _states(target_states) if known else target_states

    def job(self) -> dict[str, Any]:
        return {"cluster_id": self.cluster_id}

    def until(self) -> Collection[str]:
        return _states(self.target_states)

    def reached(self, report: ClusterReport) -> bool:
        if report.state.value in self.target_states:
            return True
        if report.state.finished:
            raise cluster_failed_error(report)
        return False


def _states(given: Collection[Any]) -> list[str]:
    field = "EmrClusterSensor.target_states"
    if isinstance(given, str):
        raise InvalidSpec(field, given, "it is a list of states", f'write target_states=["{given}"]')
    if not given:
        raise InvalidSpec(field, given, "a wait for no state ends never", "name a state, or leave target_states out")
    choices = [each.value for each in ClusterState]
    return [rules.choice(field, getattr(state, "value", state), choices=choices) for state in given]
