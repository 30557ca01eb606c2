"""An operator that ends clusters which outlived their DAG run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_emr_pipelines import settings
from airflow_emr_pipelines.operators.calls import ALWAYS, Calls
from airflow_emr_pipelines.operators.waiting import EmrCallOperator
from airflow_emr_pipelines.specs.values import rules
from airflow_emr_pipelines.versions import AirflowException

if TYPE_CHECKING:
    from airflow.sdk import Context

FINISHED = ["success", "failed"]


class EmrReapClustersOperator(EmrCallOperator):
    """Terminate the clusters that this deployment made and whose DAG run is over.

    Teardowns and idle policies end clusters; this is for what neither could reach, such as a run that ended by
    ``dagrun_timeout`` on a release without idle policies. A cluster without our tags, of another deployment, or of a
    run that this Airflow does not know is left alone, and listed in the log with the reason. One that a DAG makes to
    outlive its runs cannot be told from those that were left behind.

    :param terminate: end the clusters; False only says which it would end
    :param older_than: the age from which a cluster is looked at
    :returns: the ids of the clusters that were terminated, or would be
    :raises InvalidSpec: ``[emr_pipelines] deployment`` is not set
    """

    calls: ClassVar[Calls] = {
        ALWAYS: ("ListClusters", "DescribeCluster"),
        "terminate": ("TerminateJobFlows", "SetTerminationProtection"),
    }
    template_fields: Sequence[str] = ("terminate", *EmrCallOperator.template_fields)

    def __init__(
        self,
        *,
        terminate: bool | str = False,
        older_than: timedelta = timedelta(minutes=15),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        rules.truth("EmrReapClustersOperator.terminate", terminate)
        rules.instance("EmrReapClustersOperator.older_than", older_than, kind=timedelta)
        self.terminate = terminate
        self.older_than = older_than

    def execute(self, context: Context) -> list[str]:
        from airflow_emr_pipelines.hooks.ec2.clusters import EmrClusters
        from airflow_emr_pipelines.hooks.ec2.reaper import Reaper

        ti: Any = context["ti"]

        def run_is_over(dag_id: str, run_id: str) -> bool | None:
            if not ti.get_dr_count(dag_id=dag_id, run_ids=[run_id]):
                return None
            return bool(ti.get_dr_count(dag_id=dag_id, run_ids=[run_id], states=FINISHED))

        clusters = EmrClusters(self.aws_conn_id, self.region_name)
        reaper = Reaper(clusters, settings.deployment(), run_is_over, older_than=self.older_than)
        findings = reaper.find()
        for finding in findings:
            cluster = finding.cluster
            verdict = "is orphaned" if finding.orphaned else "is left alone"
            self.log.info("Cluster %s (%s) %s: %s", cluster.id, cluster.name, verdict, finding.why)
        orphaned = [finding.cluster.id for finding in findings if finding.orphaned]
        if not rules.truth("EmrReapClustersOperator.terminate", self.terminate):
            self.log.info("Nothing is ended: %d of %d live clusters would be terminated", len(orphaned), len(findings))
            return orphaned
        failed = reaper.end(findings)
        if failed:
            raise AirflowException(f"{len(failed)} of {len(orphaned)} clusters could not be terminated: {failed}")
        self.log.info("Terminated %d of %d live clusters", len(orphaned), len(findings))
        return orphaned
