"""For the tests of your own DAGs: what a DAG would send to EMR, checked without AWS and without running it.

.. code-block:: python

    from airflow_emr_pipelines.testing import assert_sound

    def test_my_dag():
        plan = assert_sound(my_dag, params={"day": "2026-01-31"})
        assert plan.request_of("emr.report").steps[0]["HadoopJarStep"]["Args"][-1] == "2026-01-31"
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from airflow_emr_pipelines.plan.checks import PlanWarning
from airflow_emr_pipelines.plan.clusters import PlannedCost
from airflow_emr_pipelines.plan.plan import Plan, plan_of
from airflow_emr_pipelines.plan.requests import Request
from airflow_emr_pipelines.plan.shapes import faults

Warned = PlanWarning
"""The former name."""

__all__ = ["Plan", "PlanWarning", "PlannedCost", "Request", "Warned", "assert_sound", "faults", "plan_of"]


def assert_sound(
    dag: Any,
    *,
    logical_date: datetime | None = None,
    params: Mapping[str, Any] | None = None,
    allow: Collection[str] = (),
) -> Plan:
    """Fail where EMR or this package would refuse what the DAG sends, and where something is to be warned of.

    :param dag: as its file makes it
    :param logical_date: of the run, in UTC where it says no offset; now, when not given
    :param params: in place of the DAG's own
    :param allow: codes of warnings that are meant to be so
    :returns: the plan, to be looked into
    """
    __tracebackhide__ = True
    plan = plan_of(dag, logical_date=logical_date, params=params)
    wrong = [*plan.errors, *(str(each) for each in plan.warnings if each.code not in allow)]
    if wrong:
        raise AssertionError(f"DAG {plan.dag_id} is not sound:\n" + "\n".join(f"- {each}" for each in wrong))
    return plan
