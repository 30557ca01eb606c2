"""An operator that tells what a run's cluster did and cost."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from airflow_emr_pipelines import settings, versions
from airflow_emr_pipelines.operators.calls import ALWAYS, READS_PRICES, WRITES_S3, Calls
from airflow_emr_pipelines.operators.ec2.run_step import EmrRunStepOperator
from airflow_emr_pipelines.operators.waiting import EmrCallOperator
from airflow_emr_pipelines.specs.values import addresses, ids
from airflow_emr_pipelines.specs.values.templates import is_rendered

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_emr_pipelines.hooks.ec2.clusters import EmrClusters
    from airflow_emr_pipelines.run_report.prices import Prices
    from airflow_emr_pipelines.run_report.report import ClusterRun, InstanceReport
    from airflow_emr_pipelines.specs.ec2.reports import ClusterReport

LISTED = "aws"


class EmrRunReportOperator(EmrCallOperator):
    """Tell what a cluster did in this run, and what that cost about: in the log, as an XCom, and in S3.

    It works while the cluster runs, and for two months after its end, as long as EMR tells of it. Clusters that took
    the place of a lost one are told of, too. Inside ``transient_cluster`` write ``cluster.report(…)``, which puts it
    behind the cluster's end.

    :param cluster_id: the cluster; None or empty where none came, which the report says
    :param folder: a folder in S3: ``report.json`` and ``timeline.svg`` go there, under the ids of the DAG, the run and
        the task
    :param prices: what instances cost: ``Prices``, the same as a mapping, or ``"aws"`` for AWS's price list
    :returns: a dictionary: clusters, one each, with the fields of ClusterRun; cost_usd; files, the addresses in S3
    """

    calls: ClassVar[Calls] = {
        ALWAYS: ("DescribeCluster", "ListClusters", "ListSteps", "ListInstances"),
        "folder": WRITES_S3,
        f"prices={LISTED}": READS_PRICES,
    }
    template_fields: Sequence[str] = ("cluster_id", "folder", "prices", *EmrCallOperator.template_fields)
    template_fields_renderers: ClassVar[dict[str, str]] = {"prices": "json"}

    def __init__(
        self,
        *,
        cluster_id: str | Any,
        folder: str | Any | None = None,
        prices: Prices | Mapping[str, Any] | Literal["aws"] | Any | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cluster_id = ids.maybe_cluster_id("EmrRunReportOperator.cluster_id", cluster_id)
        self.folder = folder if folder is None else addresses.s3_folder("EmrRunReportOperator.folder", folder)
        self.prices = _plain(prices)
        self.maker: Any = None
        """The task that creates the cluster, where cluster_id is no output of it."""

    def execute(self, context: Context) -> dict[str, Any]:
        from airflow_emr_pipelines.hooks.ec2.clusters import EmrClusters
        from airflow_emr_pipelines.run_report.report import lines_of
        from airflow_emr_pipelines.run_report.timeline import timeline

        clusters = EmrClusters(self.aws_conn_id, self.region_name)
        tolerated = _tolerated(context)
        runs = [self._run(clusters, cluster, tolerated) for cluster in self._all(clusters)]
        for line in lines_of(runs):
            self.log.info("%s", line)
        costs = [run.cost_usd for run in runs if run.cost_usd is not None]
        report = {"clusters": [run.to_json() for run in runs], "cost_usd": sum(costs) if costs else None}
        return {**report, "files": self._put(clusters, context, report, timeline(runs))}

    def _all(self, clusters: EmrClusters) -> Iterator[ClusterReport]:
        """The cluster, and those that took its place one after the other."""
        from airflow_emr_pipelines.hooks.ec2.successors import Successors

        if not self.cluster_id or self.cluster_id == "None":
            return
        successors = Successors(clusters, settings.deployment())
        cluster: ClusterReport | None = clusters.hook.describe_cluster(self.cluster_id)
        while cluster is not None:
            yield cluster
            cluster = successors.of(cluster) if cluster.state.finished else None

    def _run(self, clusters: EmrClusters, cluster: ClusterReport, tolerated: set[str]) -> ClusterRun:
        from airflow_emr_pipelines.run_report.report import cluster_run

        instances = list(clusters.hook.list_instances(cluster.id))
        steps = [step for page in clusters.hook.list_steps(cluster.id) for step in page]
        prices = self._prices(clusters, instances)
        return cluster_run(cluster, steps, instances, tolerated=tolerated, prices=prices, now=time.time())

    def _prices(self, clusters: EmrClusters, instances: Sequence[InstanceReport]) -> Prices | None:
        if self.prices is None:
            return None
        if self.prices != LISTED:
            from airflow_emr_pipelines.run_report.prices import Prices

            return Prices.from_plain(self.prices)
        from airflow_emr_pipelines.hooks.prices import PricingHook

        region = clusters.location.region or ""
        return PricingHook(self.aws_conn_id).prices(sorted({one.instance_type for one in instances}), region)

    def _put(self, clusters: EmrClusters, context: Context, report: dict[str, Any], picture: str) -> list[str]:
        if not self.folder:
            return []
        folder = str(addresses.s3_folder("EmrRunReportOperator.folder", self.folder)).rstrip("/")
        ti = context["ti"]
        mapped = ti.map_index is not None and ti.map_index >= 0
        names = [ti.dag_id, ti.run_id, ti.task_id] + ([str(ti.map_index)] if mapped else [])
        place = "/".join([folder, *(_name(name) for name in names)])
        bucket, prefix = addresses.bucket_and_key(place)
        files = {
            "report.json": (json.dumps(report, indent=2), "application/json"),
            "timeline.svg": (picture, "image/svg+xml"),
        }
        for name, (body, kind) in files.items():
            clusters.hook.s3.put_object(Bucket=bucket, Key=f"{prefix}/{name}", Body=body.encode(), ContentType=kind)
            self.log.info("Wrote %s/%s", place, name)
        return [f"{place}/{name}" for name in files]


def _plain(prices: Any) -> Any:
    """Prices as Airflow can keep them, checked as far as they are known."""
    if prices is None or prices == LISTED or not is_rendered(prices):
        return prices
    from airflow_emr_pipelines.run_report.prices import Prices

    if isinstance(prices, Prices):
        instances = {name: vars(price) for name, price in prices.instances.items()}
        return {"instances": instances, "ebs_gb_month": prices.ebs_gb_month}
    Prices.from_plain(prices)
    return prices


def _tolerated(context: Context) -> set[str]:
    """The ids of the steps whose failure a task of this run has tolerated."""
    tasks = [task.task_id for task in context["dag"].tasks if _runs_a_step(task)]
    found = context["ti"].xcom_pull(task_ids=tasks) if tasks else []
    return {result["step_id"] for result in _flat(found) if result.get("tolerated")}


def _runs_a_step(task: Any) -> bool:
    return issubclass(versions.operator_of(task), EmrRunStepOperator)


def _flat(found: Any) -> Iterator[Mapping[str, Any]]:
    """The results of tasks, and of those that are mapped."""
    if isinstance(found, Mapping):
        yield found
    elif found is not None and not isinstance(found, str):
        for each in found:
            yield from _flat(each)


def _name(text: str) -> str:
    """An id as one name of a path."""
    return re.sub(r"[^A-Za-z0-9._=+:-]|^\.+$", "_", text)
