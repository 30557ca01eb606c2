"""What operators share for steps whose definitions are read from a document in S3 when the DAG runs."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow_emr_pipelines import settings, versions
from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.operators.calls import ALWAYS, Calls
from airflow_emr_pipelines.operators.run_step import J, RunStep
from airflow_emr_pipelines.operators.task_run import states_of_tasks
from airflow_emr_pipelines.operators.waiting import EmrCallOperator
from airflow_emr_pipelines.specs.backend import Backend
from airflow_emr_pipelines.specs.values import addresses, rules
from airflow_emr_pipelines.specs.values.templates import is_rendered
from airflow_emr_pipelines.triggers.tasks import GONE_WRONG, WELL, InstancesTrigger
from airflow_emr_pipelines.versions import AirflowFailException, AirflowRescheduleException

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_emr_pipelines.specs.steps import Step

LEAST_WAIT_SECONDS = 5.0
"""Airflow fails a task that is queued again before its scheduler has heard of the end of the last look."""


class ReadSteps(EmrCallOperator):
    """Read the steps of a document in S3, and refuse it as a whole where one is at fault, for one kind of compute."""

    backend: ClassVar[Backend]
    calls: ClassVar[Calls] = {ALWAYS: ("GetObject",)}
    template_fields: Sequence[str] = ("document", "variables", *EmrCallOperator.template_fields)

    def __init__(self, *, document: str | Any, variables: Mapping[str, Any] | Any | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.document = document
        self._address()
        self.variables = {} if variables is None else variables
        self._variables()

    def execute(self, context: Context) -> list[dict[str, Any]]:
        from airflow_emr_pipelines.documents.lines import text_of
        from airflow_emr_pipelines.documents.steps import planned
        from airflow_emr_pipelines.hooks.connection import AwsHook

        bucket, key = addresses.bucket_and_key(self._address())
        answer = AwsHook("s3", self.aws_conn_id, self.region_name).conn.get_object(Bucket=bucket, Key=key)
        text = text_of(self.document, answer["Body"])
        steps = planned(self.document, text, {**_dates(context), **self._variables()}, self.backend)
        self.log.info("%s describes %d steps: %s", self.document, len(steps), [one.step["name"] for one in steps])
        return [{"step": one.step, "after": list(one.after)} for one in steps]

    def _address(self) -> Any:
        return addresses.s3_file(f"{type(self).__name__}.document", self.document)

    def _variables(self) -> Any:
        if isinstance(self.variables, Mapping) or not is_rendered(self.variables):
            return self.variables
        rule = f"it is a mapping, not {rules.article(self.variables)}"
        raise InvalidSpec(f"{type(self).__name__}.variables", self.variables, rule, 'write {"name": "value"}')


class RunDocumentStep(RunStep[J]):
    """Run one step of a document when those that it depends on have ended well.

    Airflow draws no edges between the instances of a mapped task. This one looks at the states of those that it comes
    after, and until they have ended it is deferred; where it is not to be, and in ``dag.test()``, it is rescheduled, as
    a sensor is. ``execution_timeout`` bounds the step without that wait.

    :param after: the map indexes of the instances that come before
    """

    def __init__(self, *, step: Step | Mapping[str, Any] | Any, after: Sequence[int] | Any = (), **kwargs: Any) -> None:
        super().__init__(step=step, **kwargs)
        self.after = after

    def execute(self, context: Context) -> Any:
        self._await_those_before(context)
        return super().execute(context)

    def go_on(self, context: Context, event: Any = None) -> Any:
        """Look again, when those that come before may have ended."""
        return self.execute(context)

    def deadline(self, context: Context) -> float | None:
        return None if self.execution_timeout is None else time.time() + self.execution_timeout.total_seconds()

    def _await_those_before(self, context: Context) -> None:
        ti: Any = context["ti"]
        states = states_of_tasks(ti, [ti.task_id]) if self.after else {}
        of_those = {index: states.get(f"{ti.task_id}_{index}", "None") for index in self.after}
        wrong = [f"[{index}] is {state}" for index, state in of_those.items() if state in GONE_WRONG]
        if wrong:
            message = f"Step {self.step['name']} was not started: of those that it depends on, {', '.join(wrong)}"
            raise AirflowFailException(message)
        waiting = [index for index, state in of_those.items() if state != WELL]
        if waiting:
            self.log.info("Waiting for the steps %s of the document", waiting)
            self._wait_for(context, waiting)

    def _wait_for(self, context: Context, waiting: Sequence[int]) -> NoReturn:
        ti: Any = context["ti"]
        seconds = self.poll_seconds or settings.poll_seconds()
        if not self.deferrable or versions.is_in_dag_test():  # which runs one task at a time, with its trigger
            again = timedelta(seconds=max(seconds, LEAST_WAIT_SECONDS))
            raise AirflowRescheduleException(datetime.now(timezone.utc) + again)
        of = {"dag_id": ti.dag_id, "run_id": ti.run_id, "task_id": ti.task_id}
        trigger = InstancesTrigger(of=of, map_indexes=waiting, poll_seconds=seconds)
        trigger.hand_over(context)
        self.defer(trigger=trigger, method_name="go_on")


def _dates(context: Context) -> dict[str, Any]:
    """What a document's templates know of the run, as plain values."""
    run: Any = context["dag_run"]
    when = run.logical_date or run.run_after
    return {
        "ds": when.strftime("%Y-%m-%d"),
        "ds_nodash": when.strftime("%Y%m%d"),
        "ts": when.isoformat(),
        "data_interval_start": run.data_interval_start and run.data_interval_start.isoformat(),
        "data_interval_end": run.data_interval_end and run.data_interval_end.isoformat(),
        "run_id": run.run_id,
        "dag_id": run.dag_id,
        "params": dict(context["params"]),
    }
