"""A trigger that Airflow has stored waits for the same as the one that a task handed over."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import pytest

from airflow_emr_pipelines.triggers.jobs import (
    EmrClusterTrigger,
    EmrCollectionsTrigger,
    EmrStepsTrigger,
    EmrStepTrigger,
    EmrTrigger,
)

SHARED: dict[str, Any] = {"deadline": 7.5, "cancel_on_kill": False, "poll_seconds": 3.0, "region_name": "eu-west-1"}


@pytest.mark.parametrize(
    "trigger",
    [
        EmrStepTrigger(cluster_id="j-1", step_id="s-1", **SHARED),
        EmrStepsTrigger(cluster_id="j-1", step_ids=["s-1", "s-2"], **SHARED),
        EmrClusterTrigger(cluster_id="j-1", until=["WAITING"], aws_conn_id=None, **SHARED),
        EmrCollectionsTrigger(cluster_id="j-1", collection_ids=["if-1"], fleets=True, **SHARED),
    ],
    ids=lambda trigger: type(trigger).__name__,
)
def test_a_stored_trigger_is_the_one_that_was_handed_over(trigger: EmrTrigger) -> None:
    path, fields = json.loads(json.dumps(trigger.serialize()))
    module, _, name = path.rpartition(".")
    again = getattr(import_module(module), name)(**fields)
    assert again.serialize() == trigger.serialize()
    assert again.job_id == trigger.job_id
