"""DAGs that change a cluster which somebody else has made."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG

from airflow_emr_pipelines import EmrModifyClusterOperator, FleetChange, Group, GroupChange
from airflow_emr_pipelines.specs.ec2.configurations import Configuration
from airflow_emr_pipelines.specs.ec2.fleets import Fleet, SpotResizing
from airflow_emr_pipelines.specs.ec2.scaling import AutoScaling, ManagedScaling, ScalingRule

PARAMS: dict[str, Any] = {"cluster_id": "j-NONE", "count": 2, "changes": {}}
CLUSTER_ID = "{{ params.cluster_id }}"
COUNT = "{{ params.count }}"

with DAG("switches", schedule=None, params=PARAMS, render_template_as_native_obj=True):
    EmrModifyClusterOperator(
        task_id="modify",
        cluster_id=CLUSTER_ID,
        step_concurrency="{{ params.changes.step_concurrency }}",
        termination_protected="{{ params.changes.termination_protected }}",
        unhealthy_node_replacement="{{ params.changes.unhealthy_node_replacement }}",
        keep_alive="{{ params.changes.keep_alive }}",
        idle_timeout="{{ params.changes.idle_timeout }}",
    )

for mode, deferrable in (("deferred", True), ("waiting", False)):
    with DAG(f"groups_{mode}", schedule=None, params=PARAMS):
        EmrModifyClusterOperator(
            task_id="modify",
            cluster_id=CLUSTER_ID,
            groups=[
                GroupChange(
                    "CORE",
                    count=COUNT,
                    decommission_timeout=60,
                    configurations=[Configuration("yarn-site", {"yarn.nodemanager.vmem-check-enabled": False})],
                ),
            ],
            task_groups=[
                Group("m5.xlarge", count=COUNT, name=f"{name} of {{{{ dag.dag_id }}}}", spot=True)
                for name in ("one", "two", "three", "four", "five", "six")
            ],
            deferrable=deferrable,
        )

with DAG("groups_by_name", schedule=None, params=PARAMS, render_template_as_native_obj=True):
    EmrModifyClusterOperator(
        task_id="modify",
        cluster_id=CLUSTER_ID,
        groups="{{ params.changes.groups }}",
        task_groups="{{ params.changes.task_groups }}",
        execution_timeout=timedelta(seconds=60),
    )

with DAG("scaling", schedule=None, params=PARAMS):
    rules = AutoScaling(1, 4, [ScalingRule("grow", "YARNMemoryAvailablePercentage", "LESS_THAN", 15, 1)])
    managed = EmrModifyClusterOperator(
        task_id="managed", cluster_id=CLUSTER_ID, managed_scaling=ManagedScaling(minimum=1, maximum=COUNT)
    )
    automatic = EmrModifyClusterOperator(
        task_id="automatic",
        cluster_id=CLUSTER_ID,
        managed_scaling=False,
        groups=[GroupChange("CORE", auto_scaling=rules)],
    )
    again = EmrModifyClusterOperator(
        task_id="again", cluster_id=CLUSTER_ID, groups=[GroupChange("CORE", auto_scaling=rules)]
    )
    none = EmrModifyClusterOperator(
        task_id="none", cluster_id=CLUSTER_ID, groups=[GroupChange("CORE", auto_scaling=False)]
    )
    managed >> automatic >> again >> none

with DAG("fleets", schedule=None, params=PARAMS):
    EmrModifyClusterOperator(
        task_id="modify",
        cluster_id=CLUSTER_ID,
        fleets=[FleetChange("CORE", on_demand=COUNT, spot_resizing=SpotResizing(timeout_minutes=5))],
        task_fleet=Fleet(["m5.xlarge", "m5.2xlarge"], on_demand=1, spot=COUNT),
    )
