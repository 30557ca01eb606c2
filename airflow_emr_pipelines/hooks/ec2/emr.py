"""The calls to Amazon EMR on EC2: values in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from airflow_emr_pipelines.aws_errors import code_of
from airflow_emr_pipelines.hooks.connection import AwsHook
from airflow_emr_pipelines.run_report.report import InstanceReport
from airflow_emr_pipelines.specs.ec2.reports import ClusterReport, StepReport

STEP_IDS_PER_CALL = 10
UNFINISHED_STEPS = ("PENDING", "RUNNING", "CANCEL_PENDING")
CLOCKS_APART = timedelta(minutes=5)
"""How far Airflow's clock may be ahead of AWS's when something is looked for by its creation time."""


class EmrHook(AwsHook):
    """Amazon EMR through an AWS connection of Airflow.

    :param aws_conn_id: the AWS connection; None for boto3's own credential chain
    :param region_name: the region; None for the connection's
    """

    def __init__(self, aws_conn_id: str | None = "aws_default", region_name: str | None = None) -> None:
        super().__init__("emr", aws_conn_id, region_name)

    # Clusters

    def run_job_flow(self, request: Mapping[str, Any]) -> str:
        """RunJobFlow, sent once: the new cluster's id."""
        return str(self.unrepeated.run_job_flow(**request)["JobFlowId"])

    def describe_cluster(self, cluster_id: str) -> ClusterReport:
        return ClusterReport.from_answer(self.conn.describe_cluster(ClusterId=cluster_id)["Cluster"])

    def list_clusters(self, *, created_after: datetime, states: Sequence[str] = ()) -> Iterator[ClusterReport]:
        """Clusters created since then, in no order, without what only DescribeCluster tells."""
        wanted = {"ClusterStates": list(states)} if states else {}
        for page in self.conn.get_paginator("list_clusters").paginate(CreatedAfter=created_after, **wanted):
            for cluster in page["Clusters"]:
                yield ClusterReport.from_answer(cluster)

    def list_instances(self, cluster_id: str) -> Iterator[InstanceReport]:
        """All instances of a cluster, those that have ended among them."""
        for page in self.conn.get_paginator("list_instances").paginate(ClusterId=cluster_id):
            yield from map(InstanceReport.from_answer, page["Instances"])

    def terminate(self, cluster_id: str) -> None:
        """TerminateJobFlows: asks for the end, which takes minutes."""
        self.conn.terminate_job_flows(JobFlowIds=[cluster_id])

    def unlock(self, cluster_id: str) -> None:
        """Take termination protection off."""
        self.conn.set_termination_protection(JobFlowIds=[cluster_id], TerminationProtected=False)

    # Steps

    def add_step(self, cluster_id: str, step: Mapping[str, Any], *, execution_role_arn: str | None = None) -> str:
        """AddJobFlowSteps with one step, sent once: the new step's id."""
        role = {"ExecutionRoleArn": execution_role_arn} if execution_role_arn else {}
        return str(self.unrepeated.add_job_flow_steps(JobFlowId=cluster_id, Steps=[step], **role)["StepIds"][0])

    def list_steps(self, cluster_id: str, **filters: Any) -> Iterator[list[StepReport]]:
        """The cluster's steps, newest first, a page (at most 50) at a time; filters as ListSteps takes them."""
        for page in self.conn.get_paginator("list_steps").paginate(ClusterId=cluster_id, **filters):
            yield [StepReport.from_answer(cluster_id, step) for step in page["Steps"]]

    def cancel_steps(self, cluster_id: str, step_ids: Sequence[str], *, kill: bool = False) -> dict[str, str]:
        """CancelSteps by an interrupt, or by killing; why EMR would not, by step id, where it would not."""
        option = "TERMINATE_PROCESS" if kill else "SEND_INTERRUPT"
        try:
            answer = self.conn.cancel_steps(ClusterId=cluster_id, StepIds=list(step_ids), StepCancellationOption=option)
        except self.conn.exceptions.InvalidRequestException as error:
            return dict.fromkeys(step_ids, f"{code_of(error)}: {error}")
        return {
            info["StepId"]: info.get("Reason", "refused")
            for info in answer.get("CancelStepsInfoList", [])
            if info.get("Status") == "FAILED"
        }
