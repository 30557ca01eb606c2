"""A sample run of a DAG: what its templates are rendered with where there is no run."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from airflow_emr_pipelines import versions
from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.plan.unknown import Later, Named, Partly
from airflow_emr_pipelines.versions import AirflowException

AFTERWARDS = (
    "prev_data_interval_start_success",
    "prev_data_interval_end_success",
    "prev_start_date_success",
    "prev_end_date_success",
    "triggering_asset_events",
    "inlet_events",
    "outlet_events",
    "inlets",
    "outlets",
    "task_state_store",
    "asset_state_store",
    "exception",
    "expanded_ti_count",
    "task_reschedule_count",
    "map_index_template",
    "templates_dict",
    "start_date",
)
"""What a context has that only a run knows."""


class SampleRun:
    """A run that somebody triggers with that logical date. Airflow keeps all its dates in UTC, and templates get these.

    :param params: in place of the DAG's own
    :raises InvalidSpec: a parameter is not what its schema says, or has no value
    """

    def __init__(self, dag: Any, logical_date: datetime, params: Mapping[str, Any] | None = None) -> None:
        import pendulum

        self.dag = dag
        self.logical_date = pendulum.instance(logical_date).in_timezone("UTC")
        self.conf = dict(params or {})
        self.params = self._params()
        interval = versions.data_interval(dag, self.logical_date)
        self.interval = tuple(pendulum.instance(when).in_timezone("UTC") for when in interval)
        self.run_id = f"plan__{self.logical_date.isoformat()}"
        self._env = dag.get_template_env()

    def env_of(self, task: Any) -> Any:
        """What renders a task's templates: from 3.3 a task may say otherwise than its DAG whether that is native."""
        said = getattr(task, "render_template_as_native_obj", None)
        return self._env if said in (None, versions.is_native(self._env)) else task.get_template_env(self.dag)

    def _params(self) -> dict[str, Any]:
        params = copy.deepcopy(self.dag.params)
        try:
            for name, value in self.conf.items():
                params[name] = value
            params.validate()
            return dict(params.dump())
        except AirflowException as error:
            message = str(error).partition("\n")[0]
            raise InvalidSpec("params", self.conf, f"Airflow says: {message}", "give the run's parameters") from error

    def context(self, task: Any) -> dict[str, Any]:
        """What the task's templates are rendered with. Variables and connections are named and not read."""
        start, end = self.interval
        when = self.logical_date
        ti = Partly(
            "ti",
            task_id=task.task_id,
            dag_id=self.dag.dag_id,
            run_id=self.run_id,
            task=task,
            map_index=Later("ti.map_index") if _is_one_of_many(task) else -1,
            try_number=1,
            max_tries=task.retries,
            xcom_pull=_xcom_pull,
        )
        dag_run = Partly(
            "dag_run",
            dag_id=self.dag.dag_id,
            run_id=self.run_id,
            run_type="manual",
            logical_date=when,
            run_after=when,
            data_interval_start=start,
            data_interval_end=end,
            conf=self.conf,
        )
        return {
            **{name: Later(name) for name in AFTERWARDS},
            "conn": Named("connection"),
            "dag": self.dag,
            "dag_run": dag_run,
            "data_interval_start": start,
            "data_interval_end": end,
            "ds": when.strftime("%Y-%m-%d"),
            "ds_nodash": when.strftime("%Y%m%d"),
            "logical_date": when,
            "macros": versions.template_macros(),
            "params": self.params,
            "run_id": self.run_id,
            "task": task,
            "task_instance": ti,
            "task_instance_key_str": f"{self.dag.dag_id}__{task.task_id}__{when.strftime('%Y%m%d')}",
            "test_mode": False,
            "ti": ti,
            "ts": when.isoformat(),
            "ts_nodash": when.strftime("%Y%m%dT%H%M%S"),
            "ts_nodash_with_tz": when.isoformat().replace("-", "").replace(":", ""),
            "var": Partly("var", value=Named("variable"), json=Named("variable")),
        }


def _is_one_of_many(task: Any) -> bool:
    return versions.is_mapped(task) or task.get_closest_mapped_task_group() is not None


def _xcom_pull(task_ids: Any = None, key: str = "return_value", **options: Any) -> Later:
    tasks = ", ".join([task_ids] if isinstance(task_ids, str) else map(str, task_ids or ["this one"]))
    return Later(output_of(tasks, key))


def output_of(task_id: str, key: str = "return_value") -> str:
    """Words for what a task leaves for others."""
    return f"output of task {task_id}" if key == "return_value" else f"{key} of task {task_id}"
