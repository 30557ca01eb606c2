"""The steps of one cluster as jobs: submitted once by key, watched together, cancelled."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from airflow_emr_pipelines import settings
from airflow_emr_pipelines.aws_errors import ErrorKind, classify, pauses
from airflow_emr_pipelines.hooks.compute import JobCompute, JobLogs
from airflow_emr_pipelines.hooks.ec2.compute import EmrCompute
from airflow_emr_pipelines.hooks.ec2.emr import CLOCKS_APART, STEP_IDS_PER_CALL, UNFINISHED_STEPS, EmrHook
from airflow_emr_pipelines.hooks.sending import retry_until_clear
from airflow_emr_pipelines.specs.ec2.reports import ClusterReport, StepReport
from airflow_emr_pipelines.specs.ec2.states import StepState
from airflow_emr_pipelines.specs.values.keys import key_in_name

if TYPE_CHECKING:
    from airflow_emr_pipelines.logs.files import LogFile

log = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 4.0
"""Between two looks at steps that were cancelled, at the most."""


class EmrSteps(EmrCompute[StepReport], JobCompute[StepReport]):
    """The steps of one EMR cluster."""

    submission, listing = "AddJobFlowSteps", "ListSteps"
    noun, runs_on = "step", "cluster"

    def __init__(
        self, cluster_id: str, aws_conn_id: str | None, region_name: str | None, hook: EmrHook | None = None
    ) -> None:
        super().__init__(aws_conn_id, region_name, hook)
        self.cluster_id = cluster_id

    @classmethod
    def of(
        cls, job: Mapping[str, Any], aws_conn_id: str | None, region_name: str | None, hook: EmrHook | None = None
    ) -> EmrSteps:
        return cls(str(job["cluster_id"]), aws_conn_id, region_name, hook)

    @property
    def fields(self) -> dict[str, Any]:
        return {"cluster_id": self.cluster_id}

    @property
    def identity(self) -> Hashable:
        return ("steps", self.account, self.cluster_id)

    def send(self, request: Mapping[str, Any], token: str | None) -> str:
        """The id of the one step of an AddJobFlowSteps, on this cluster, whichever the request was written for."""
        (step,) = request["Steps"]
        return self.hook.add_step(self.cluster_id, step, execution_role_arn=request.get("ExecutionRoleArn"))

    def find(self, key: str, since: datetime) -> StepReport | None:
        """The newest step with that key in its name, created since then."""
        for page in self.hook.list_steps(self.cluster_id):
            for step in page:
                if key_in_name(step.name) == key:
                    return step
            if page and page[-1].created and datetime.fromisoformat(page[-1].created) < since - CLOCKS_APART:
                return None
        return None

    def unfinished(self) -> list[StepReport]:
        """The steps that have not ended, whoever added them."""
        pages = self.hook.list_steps(self.cluster_id, StepStates=list(UNFINISHED_STEPS))
        return [step for page in pages for step in page]

    def reports(self, ids: Collection[str]) -> tuple[Mapping[str, StepReport | Exception], int]:
        """What EMR says of those steps now: the unfinished ones by pages of 50, the rest by their ids, ten a call."""
        seen: dict[str, StepReport | Exception] = {}
        calls = 0
        for page in self.hook.list_steps(self.cluster_id, StepStates=list(UNFINISHED_STEPS)):
            calls += 1
            seen.update({step.id: step for step in page if step.id in ids})
        rest = sorted(set(ids) - set(seen))
        for first in range(0, len(rest), STEP_IDS_PER_CALL):
            found, taken = self._by_id(rest[first : first + STEP_IDS_PER_CALL])
            calls += taken
            seen.update(found)
        return seen, calls

    def _by_id(self, ids: Sequence[str]) -> tuple[Mapping[str, StepReport | Exception], int]:
        """EMR refuses the whole call for one id that it does not know: then it is asked for each alone."""
        try:
            pages = list(self.hook.list_steps(self.cluster_id, StepIds=list(ids)))
            return {step.id: step for page in pages for step in page}, len(pages)
        except ClientError as error:
            if classify(error) is not ErrorKind.REFUSED:
                raise
            if len(ids) == 1:
                return {ids[0]: error}, 1
        alone = [self._by_id([step_id]) for step_id in ids]
        return {step_id: said for found, _ in alone for step_id, said in found.items()}, 1 + len(ids)

    def cancel(
        self,
        ids: Collection[str],
        *,
        grace: float | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """End the steps and see it: by an interrupt, and after the grace, ``cancel_grace_seconds``, by killing."""
        left = set(ids)
        for kill in (False, True):
            self._ask_for_end(left, kill=kill)
            until = clock() + min(settings.cancel_grace_seconds(), float("inf") if grace is None else grace)
            for pause in pauses(longest=LOOK_AGAIN_SECONDS):
                left = self._unended(left)
                if not left:
                    return
                if clock() >= until:
                    break
                sleep(min(pause, max(0.0, until - clock())))
            log.warning("Steps %s have not ended after %s", sorted(left), "being killed" if kill else "an interrupt")

    def log_files(self, report: StepReport, *, log: Any) -> JobLogs:
        """A step's logs, and whether its cluster was lost."""
        cluster = self._described(report, log)
        if cluster is None:
            return JobLogs()
        lost = f"its cluster was lost, {cluster.code}: {cluster.message}" if cluster.lost else None
        return JobLogs(self._read_logs(report, cluster, log), lost)

    def _described(self, report: StepReport, log: Any) -> ClusterReport | None:
        patience = settings.log_wait_seconds()
        try:
            return retry_until_clear(
                lambda: self.hook.describe_cluster(self.cluster_id), operation="DescribeCluster", patience=patience
            )
        except Exception as error:
            log.warning("Where the logs of step %s are is not known: %s", report.id, error)
            return None

    def _read_logs(self, report: StepReport, cluster: ClusterReport, log: Any) -> Sequence[LogFile]:
        """The logs, from CloudWatch where they are at once, and from S3, which is waited for when nothing else has."""
        from airflow_emr_pipelines.logs.cloud_watch import CloudWatchStepLogs
        from airflow_emr_pipelines.logs.files import StepLogs

        if not report.started:
            log.info("Step %s never started, so it has no logs", report.id)
            return ()
        found: list[LogFile] = []
        if cluster.log_group:
            watched = CloudWatchStepLogs(self.hook.logs, cluster.log_group, cluster.log_stream_prefix, report)
            log.info("Reading the logs of step %s from %s", report.id, watched.address)
            found = watched.read()
        log_uri = cluster.log_uri or report.log_uri
        if not log_uri:
            if not found:
                log.warning("Cluster %s has no log URI, so the step's logs are nowhere to be read", report.cluster_id)
            return found
        files = StepLogs(self.hook.s3, log_uri, report)
        log.info("Reading the logs of step %s from %s", report.id, files.address)
        wait_seconds = 0.0 if found else settings.log_wait_seconds()
        stored = files.wait(wait_seconds)
        if not found and not stored:
            log.warning("No logs of step %s under %s after %g s", report.id, files.address, wait_seconds)
        have = {file.name for file in found}
        return [*found, *(file for file in stored if file.name not in have)]

    def refusals(self, ids: Collection[str], *, kill: bool) -> dict[str, str]:
        """Ask once for the steps' end: why EMR would not, by step id, for those that have not ended nevertheless."""
        refused = self._ask_for_end(ids, kill=kill)
        if not refused:
            return {}
        reports, _ = retry_until_clear(lambda: self.reports(refused), operation="ListSteps")
        return {step_id: reason for step_id, reason in refused.items() if not _is_ending(reports.get(step_id))}

    def _ask_for_end(self, ids: Collection[str], *, kill: bool) -> dict[str, str]:
        refused = retry_until_clear(
            lambda: self.hook.cancel_steps(self.cluster_id, sorted(ids), kill=kill), operation="CancelSteps"
        )
        for step_id, reason in refused.items():
            log.info("EMR did not cancel step %s: %s", step_id, reason)
        return refused

    def _unended(self, ids: Collection[str]) -> set[str]:
        """Those of the steps that may still run."""
        return set(ids) & {step.id for step in retry_until_clear(self.unfinished, operation="ListSteps")}


def _is_ending(said: StepReport | Exception | None) -> bool:
    return isinstance(said, StepReport) and (said.state.finished or said.state is StepState.CANCEL_PENDING)
