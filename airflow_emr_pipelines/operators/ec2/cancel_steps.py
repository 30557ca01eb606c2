"""An operator that cancels steps, whoever added them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from airflow_emr_pipelines.errors import InvalidSpec, StepsNotCancelled
from airflow_emr_pipelines.operators.calls import ALWAYS, Calls
from airflow_emr_pipelines.operators.ec2.base import Ec2Operator
from airflow_emr_pipelines.operators.ec2.jobs import STEPS
from airflow_emr_pipelines.specs.ec2.releases import CANCELS_PENDING, CANCELS_RUNNING, cancels, label_of, numbers_of
from airflow_emr_pipelines.specs.ec2.reports import StepReport
from airflow_emr_pipelines.specs.ec2.states import StepState
from airflow_emr_pipelines.specs.reports import Reports
from airflow_emr_pipelines.specs.values import ids, rules
from airflow_emr_pipelines.specs.values.templates import is_rendered

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_emr_pipelines.hooks.ec2.steps import EmrSteps

MOST_STEPS = 256
"""Step ids that one call of CancelSteps takes (botocore: CancelSteps)."""
Cancellation = Literal["SEND_INTERRUPT", "TERMINATE_PROCESS"]


class EmrCancelStepsOperator(Ec2Operator[Reports[StepReport]]):
    """Cancel steps of a cluster, and wait until each has ended. One that has ended already is left as it is.

    EMR ends the step's own process. A YARN application that it has submitted with a driver on the cluster may run on.

    :param cluster_id: the steps' cluster
    :param step_ids: 1 to 256 ids of steps
    :param step_cancellation_option: what running steps get: ``SEND_INTERRUPT``, which they may take their time with, or
        ``TERMINATE_PROCESS``, which they cannot resist
    :returns: the state in which each step ended, by its id; a step may have completed before it was to end
    :raises StepsNotCancelled: EMR refused, with its reason for each step
    """

    calls: ClassVar[Calls] = {ALWAYS: ("DescribeCluster", "ListSteps", "CancelSteps")}
    template_fields: Sequence[str] = (
        "cluster_id",
        "step_ids",
        "step_cancellation_option",
        *Ec2Operator.template_fields,
    )

    waits_for = STEPS
    owns_its_job = False

    def __init__(
        self,
        *,
        cluster_id: str | Any,
        step_ids: Sequence[str] | Any,
        step_cancellation_option: Cancellation | str = "SEND_INTERRUPT",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _step_ids(step_ids)
        _option(step_cancellation_option)
        self.cluster_id = ids.cluster_id("EmrCancelStepsOperator.cluster_id", cluster_id)
        self.step_ids = step_ids
        self.step_cancellation_option = step_cancellation_option

    def execute(self, context: Context) -> Any:
        from airflow_emr_pipelines.hooks.ec2.steps import EmrSteps

        step_ids, option = _step_ids(self.step_ids), _option(self.step_cancellation_option)
        steps = EmrSteps(self.cluster_id, self.aws_conn_id, self.region_name, self.hook)
        cluster = steps.hook.describe_cluster(self.cluster_id)
        job = {"cluster_id": self.cluster_id, "step_ids": list(step_ids)}
        self.publish(context, steps.location, **job, log_uri=cluster.log_uri)
        left = self._to_cancel(steps, step_ids, cluster.release_label)
        if left:
            self.log.info("Cancelling steps %s by %s", left, option)
            if reasons := steps.refusals(left, kill=option == "TERMINATE_PROCESS"):
                raise StepsNotCancelled(self.cluster_id, reasons)
        return self.wait_and_judge(context, self.trigger_of(context, job))

    def _to_cancel(self, steps: EmrSteps, step_ids: Sequence[str], release: str | None) -> list[str]:
        """The steps that have not ended; an error when the release cannot cancel one of them."""
        from airflow_emr_pipelines.hooks.sending import retry_until_clear

        numbers = numbers_of(release)
        reports, _ = retry_until_clear(lambda: steps.reports(step_ids), operation="ListSteps")
        left, reasons = [], {}
        for step_id in step_ids:
            said = reports.get(step_id, LookupError("EMR does not tell of it"))
            if isinstance(said, Exception):
                reasons[step_id] = str(said)
            elif said.state.finished:
                self.log.info("Step %s (%s) has ended already: %s", step_id, said.name, said.state.value)
            elif numbers is not None and not cancels(numbers, running=said.state is not StepState.PENDING):
                pending, running = label_of(CANCELS_PENDING), label_of(CANCELS_RUNNING)
                reasons[step_id] = (
                    f"it is {said.state.value}, and {release} cannot cancel it: pending steps need {pending}, but not "
                    f"emr-5.0.0, and running ones {running}"
                )
            else:
                left.append(step_id)
        if reasons:
            raise StepsNotCancelled(self.cluster_id, reasons)
        return left

    def conclude(self, context: Context, report: Reports[StepReport]) -> dict[str, str]:
        for step in report.each:
            self.log.info("Step %s (%s) has ended %s", step.id, step.name, step.state.value)
        return {step.id: step.state.value for step in report.each}


def _step_ids(value: Any) -> Any:
    ids = rules.words("EmrCancelStepsOperator.step_ids", value, each=rules.text)
    if is_rendered(ids) and not 1 <= len(ids) <= MOST_STEPS:
        raise InvalidSpec(
            "EmrCancelStepsOperator.step_ids",
            f"{len(ids)} ids",
            f"EMR cancels 1 to {MOST_STEPS} steps at once",
            "give the ids of steps, or part them over several tasks, as by .partial(…).expand(step_ids=[…])",
        )
    return tuple(dict.fromkeys(ids)) if is_rendered(ids) else ids


def _option(value: Any) -> Any:
    return rules.choice("EmrCancelStepsOperator.step_cancellation_option", value, choices=get_args(Cancellation))
