"""Which run of which task this is: what makes one job of ours another than the next."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_emr_pipelines import settings
from airflow_emr_pipelines.specs.reports import Report
from airflow_emr_pipelines.specs.values.keys import (
    DAG_TAG,
    DEPLOYMENT_TAG,
    KEY_TAG,
    RUN_TAG,
    TASK_TAG,
    is_cleared,
    job_key,
    key_in_name,
)

if TYPE_CHECKING:
    from airflow.sdk import Context


@dataclass(frozen=True)
class TaskRun:
    """Which run of which task this is: what makes one job of ours another job than the next."""

    key: str
    tags: Mapping[str, str]
    started: datetime
    """When the DAG run started: nothing that carries the key is older."""
    try_started: float
    """In seconds since 1970. Until then no other try of the task was alive."""
    first_try: bool
    last_try: bool

    @classmethod
    def of(cls, context: Context) -> TaskRun:
        ti, dag_run = context["ti"], context["dag_run"]
        started: datetime = dag_run.start_date or dag_run.run_after
        key = job_key(
            deployment=settings.deployment(),
            dag_id=ti.dag_id,
            run_id=ti.run_id,
            start_date=started.isoformat(),
            task_id=ti.task_id,
            map_index=-1 if ti.map_index is None else ti.map_index,
            max_tries=ti.max_tries,
        )
        tags = task_tags(key, dag_id=ti.dag_id, run_id=ti.run_id, task_id=ti.task_id)
        first_try, last_try = ti.try_number <= 1, ti.try_number > ti.max_tries
        return cls(key, tags, started, try_started(ti), first_try, last_try)

    def before_it_was_cleared(self, jobs: Iterable[Report]) -> list[str]:
        """The ids of those of the jobs that this task ran before it was cleared."""
        return [job.id for job in jobs if is_cleared(key_in_name(job.name), self.key)]


def task_tags(key: str, *, dag_id: str, run_id: str, task_id: str) -> dict[str, str]:
    """The tags of what a task run makes: whose it is."""
    return {
        KEY_TAG: key,
        DEPLOYMENT_TAG: settings.deployment(),
        DAG_TAG: dag_id,
        RUN_TAG: run_id,
        TASK_TAG: task_id,
    }


def states_of_tasks(ti: Any, task_ids: Collection[str]) -> dict[str, str]:
    """The states of tasks of the same run, by their ids; of mapped ones by ``id_index``."""
    found = ti.get_task_states(dag_id=ti.dag_id, task_ids=sorted(task_ids), run_ids=[ti.run_id])
    return {name: str(getattr(state, "value", state)) for name, state in found.get(ti.run_id, {}).items()}


def try_started(ti: Any) -> float:
    """When the task's current try began, in seconds since 1970."""
    started: datetime | None = ti.start_date
    return started.timestamp() if started else time.time()
