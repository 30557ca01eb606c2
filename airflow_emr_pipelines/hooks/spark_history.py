"""The address of Spark's history of a cluster, as EMR gives it out: signed, and good for whoever has it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from airflow_emr_pipelines.errors import SparkHistoryNotReady
from airflow_emr_pipelines.hooks.answers import Meaning, meaning
from airflow_emr_pipelines.hooks.emr import EmrHook
from airflow_emr_pipelines.specs.reports import ClusterReport

PATIENCE = 10.0
"""Seconds for which one request waits until the address is there; who asks again then finds the same interface."""
LOOK_AGAIN_SECONDS = 1.0

_made: dict[str, str] = {}
"""The interface that this process has made for a cluster, by its ARN: an account has at most 50 that are active."""


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

    def address(self, cluster_id: str, step_id: str | None) -> str:
        """Where the history is: that of the step's application when it has one only, else a list.

        A cluster that runs tells it itself, up to the moment; what it does not tell, and what of it is left when it has
        ended, EMR keeps, some minutes late.

        :raises SparkHistoryNotReady: EMR is about to get it ready
        """
        answer = self.hook.conn.describe_cluster(ClusterId=cluster_id)["Cluster"]
        application = self._application(cluster_id, step_id)
        if ClusterReport.from_answer(answer).state.usable and (found := self._on_cluster(cluster_id, application)):
            return found
        arn = str(answer["ClusterArn"])
        if arn in _made:
            try:
                return self._persistent(_made[arn], application)
            except ClientError as error:
                if meaning(error) is not Meaning.REFUSED:
                    raise
                del _made[arn]  # it is gone after thirty days
        _made[arn] = str(self.hook.conn.create_persistent_app_ui(TargetResourceArn=arn)["PersistentAppUIId"])
        return self._persistent(_made[arn], application)

    def _application(self, cluster_id: str, step_id: str | None) -> Mapping[str, str]:
        """The application of a step that has run just one."""
        if step_id is None:
            return {}
        steps = [step for page in self.hook.list_steps(cluster_id, StepIds=[step_id]) for step in page]
        ids = [one for step in steps for one in step.application_ids]
        return {"ApplicationId": ids[0]} if len(ids) == 1 else {}

    def _on_cluster(self, cluster_id: str, application: Mapping[str, str]) -> str | None:
        """The address on the cluster, where it has one: old releases and some settings of security have none."""
        try:
            answer = self.hook.conn.get_on_cluster_app_ui_presigned_url(
                ClusterId=cluster_id, OnClusterAppUIType="SparkHistoryServer", **application
            )
        except ClientError as error:
            if meaning(error) is not Meaning.REFUSED:
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
                told = self.hook.conn.describe_persistent_app_ui(PersistentAppUIId=ui).get("PersistentAppUI") or {}
                raise SparkHistoryNotReady(
                    ui, told.get("PersistentAppUIStatus") or "unknown", told.get("LastStateChangeReason")
                )
            self.sleep(LOOK_AGAIN_SECONDS)
