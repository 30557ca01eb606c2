"""The address of Spark's history of a task's cluster, as EMR gives it out: signed, and good for whoever has it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from airflow_emr_pipelines.aws_errors import ErrorKind, classify
from airflow_emr_pipelines.errors import NotOfTheTask, SparkHistoryNotReady
from airflow_emr_pipelines.hooks.ec2.emr import EmrHook
from airflow_emr_pipelines.specs.ec2.reports import ClusterReport, StepReport
from airflow_emr_pipelines.specs.values.keys import DAG_TAG, RUN_TAG, is_of_one_task, key_in_name
from airflow_emr_pipelines.specs.values.tags import legal_value

PATIENCE = 10.0
"""Seconds for which one request waits until the address is there; who asks again then finds the same interface."""
LOOK_AGAIN_SECONDS = 1.0

_made: dict[str, str] = {}
"""The interface that this process has made for a cluster, by its ARN: an account has at most 50 that are active."""


@dataclass(frozen=True)
class Owner:
    """The task run whose history is asked for, by what others cannot set.

    :param key: the key of its jobs, whose start says which task it is
    :param cluster_id: the cluster that it was given to run on, if it was
    """

    dag_id: str
    run_id: str
    key: str
    cluster_id: str | None

    def check(self, cluster: ClusterReport, steps: list[StepReport]) -> None:
        """Hold that it was given the cluster, or that the cluster is of its DAG run, or that it has added the step.

        :raises NotOfTheTask: neither is so
        """
        tags = {DAG_TAG: legal_value(self.dag_id), RUN_TAG: legal_value(self.run_id)}
        given = self.cluster_id == cluster.id
        made = all(cluster.tags.get(name) == value for name, value in tags.items())
        added = any(is_of_one_task(key_in_name(step.name), self.key) for step in steps)
        if not (given or made or added):
            rule = (
                f"its tags name another run than {self.run_id} of DAG {self.dag_id}, or none, and no step has its key"
            )
            raise NotOfTheTask(f"Cluster {cluster.id}", rule)


class SparkHistory:
    """Spark's history of the clusters of one connection."""

    def __init__(
        self,
        hook: EmrHook,
        *,
        patience: float = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.hook = hook
        self.patience = patience
        self.sleep = sleep
        self.clock = clock

    def address(self, cluster_id: str, step_id: str | None, owner: Owner) -> str:
        """Where the history is: that of the step's application when it has one only, else a list.

        A cluster that runs tells it itself, up to the moment; what it does not tell, and what of it is left when it has
        ended, EMR keeps, some minutes late.

        :raises NotOfTheTask: the cluster is none of the owner's
        :raises SparkHistoryNotReady: EMR is about to get it ready
        """
        answer = self.hook.conn.describe_cluster(ClusterId=cluster_id)["Cluster"]
        cluster, steps = ClusterReport.from_answer(answer), self._steps(cluster_id, step_id)
        owner.check(cluster, steps)
        application = _application(steps)
        if cluster.state.usable and (found := self._on_cluster(cluster_id, application)):
            return found
        arn = str(answer["ClusterArn"])
        if arn in _made:
            try:
                return self._persistent(_made[arn], application)
            except ClientError as error:
                if classify(error) is not ErrorKind.REFUSED:
                    raise
                del _made[arn]  # it is gone after thirty days
        _made[arn] = str(self.hook.conn.create_persistent_app_ui(TargetResourceArn=arn)["PersistentAppUIId"])
        return self._persistent(_made[arn], application)

    def _steps(self, cluster_id: str, step_id: str | None) -> list[StepReport]:
        if step_id is None:
            return []
        return [step for page in self.hook.list_steps(cluster_id, StepIds=[step_id]) for step in page]

    def _on_cluster(self, cluster_id: str, application: Mapping[str, str]) -> str | None:
        """The address on the cluster, where it has one: old releases and some settings of security have none."""
        try:
            answer = self.hook.conn.get_on_cluster_app_ui_presigned_url(
                ClusterId=cluster_id, OnClusterAppUIType="SparkHistoryServer", **application
            )
        except ClientError as error:
            if classify(error) is not ErrorKind.REFUSED:
                raise
            return None
        return str(answer["PresignedURL"]) if answer.get("PresignedURLReady") else None

    def _persistent(self, ui: str, application: Mapping[str, str]) -> str:
        until = self.clock() + self.patience
        while True:
            answer: Mapping[str, Any] = self.hook.conn.get_persistent_app_ui_presigned_url(
                PersistentAppUIId=ui, PersistentAppUIType="SHS", **application
            )
            if answer.get("PresignedURLReady") and answer.get("PresignedURL"):
                return str(answer["PresignedURL"])
            if self.clock() >= until:
                described = self.hook.conn.describe_persistent_app_ui(PersistentAppUIId=ui).get("PersistentAppUI") or {}
                raise SparkHistoryNotReady(
                    ui, described.get("PersistentAppUIStatus") or "unknown", described.get("LastStateChangeReason")
                )
            self.sleep(LOOK_AGAIN_SECONDS)


def _application(steps: list[StepReport]) -> Mapping[str, str]:
    """The application of a step that has run just one."""
    ids = [one for step in steps for one in step.application_ids]
    return {"ApplicationId": ids[0]} if len(ids) == 1 else {}
