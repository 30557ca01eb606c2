"""A trigger that Airflow has stored waits for the same as the one that a task handed over."""

from __future__ import annotations

import json
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.hooks.compute import compute_class
from airflow_emr_pipelines.operators.ec2.jobs import CLUSTER, COLLECTIONS, STEP, STEPS
from airflow_emr_pipelines.triggers.base import PatientTrigger
from airflow_emr_pipelines.triggers.jobs import JobKind, JobsTrigger
from airflow_emr_pipelines.triggers.tasks import InstancesTrigger

SHARED: dict[str, Any] = {"deadline": 7.5, "cancel_on_kill": False, "poll_seconds": 3.0, "region_name": "eu-west-1"}
TRIGGERS = {
    "step": STEP.trigger({"cluster_id": "j-1", "step_id": "s-1"}, **SHARED),
    "steps": STEPS.trigger({"cluster_id": "j-1", "step_ids": ["s-1", "s-2"]}, **SHARED),
    "cluster": CLUSTER.trigger({"cluster_id": "j-1"}, until=["WAITING"], aws_conn_id=None, **SHARED),
    "fleet": COLLECTIONS.trigger({"cluster_id": "j-1", "collection_ids": ["if-1"], "fleets": True}, **SHARED),
}


def stored(trigger: PatientTrigger) -> Any:
    """The trigger that the triggerer makes of what the database has of this one."""
    trigger.hand_over({"ti": SimpleNamespace(try_number=3)})  # type: ignore[typeddict-item]
    path, fields = json.loads(json.dumps(trigger.serialize()))
    module, _, name = path.rpartition(".")
    again = getattr(import_module(module), name)(**fields)
    assert again.serialize() == trigger.serialize()
    assert again.try_number == 3
    return again


def test_a_stored_trigger_of_instances_is_the_one_that_was_handed_over() -> None:
    of = {"dag_id": "d", "run_id": "r", "task_id": "t"}
    assert stored(InstancesTrigger(of=of, map_indexes=(0, 2), poll_seconds=7)).map_indexes == [0, 2]


@pytest.mark.parametrize("trigger", TRIGGERS.values(), ids=TRIGGERS)
def test_a_stored_trigger_is_the_one_that_was_handed_over(trigger: JobsTrigger) -> None:
    again = stored(trigger)
    assert (again.job_ids, again.is_of_several) == (trigger.job_ids, trigger.is_of_several)
    assert again.compute().identity == trigger.compute().identity


def test_of_what_a_task_has_put_down_a_trigger_keeps_what_says_which_job_it_is() -> None:
    """An XCom holds addresses and more, which the database need not have twice."""
    said = {"cluster_id": "j-1", "step_id": "s-1", "log_uri": "s3://logs/", "region": "us-east-1", "spark": True}
    assert STEP.trigger(said).job == {"cluster_id": "j-1", "step_id": "s-1"}


@pytest.mark.parametrize(
    "path", ["os.path.join", "ec2.emr.EmrHook", "ec2.steps.EmrStep", "compute.Compute.of", "..versions.conf", ""]
)
def test_a_trigger_makes_nothing_but_a_compute_of_ours(path: str) -> None:
    with pytest.raises((InvalidSpec, ImportError)):
        compute_class(path)


@pytest.mark.parametrize("kind", [STEP, STEPS, CLUSTER, COLLECTIONS], ids=lambda kind: kind.id_field)
def test_what_tasks_wait_for_has_a_compute(kind: JobKind[Any]) -> None:
    made = compute_class(kind.compute).of({"cluster_id": "j-1"}, None, "eu-west-1")
    assert made.account == ("emr", None, "eu-west-1")
    assert made.location.backend == "ec2"
    assert made.location.id == "j-1"
    assert set(made.fields) | {kind.id_field} >= set(kind.place)
