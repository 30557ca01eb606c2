"""Links of a task in Airflow's UI: to the AWS console, to the logs in S3, and to Spark's history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from airflow.sdk import BaseOperatorLink
from airflow.sdk.execution_time.xcom import XCom

from airflow_emr_pipelines.versions import conf

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

LINK_XCOM = "emr_where"
"""The XCom of a task that says where its job is: aws_conn_id, region, cluster_id, step_id, log_uri, whether Spark runs
there and, off AWS, endpoint_url."""
WEB_PREFIX, SPARK_HISTORY_ROUTE = "/emr-pipelines", "/spark-history/{dag_id}"
"""Where our pages are on Airflow's web server."""

CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


class _EmrLink(BaseOperatorLink):
    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        where = XCom.get_value(key=LINK_XCOM, ti_key=ti_key)
        return self.address(where) if isinstance(where, Mapping) else ""

    def address(self, where: Mapping[str, Any]) -> str:
        raise NotImplementedError


class EmrConsoleLink(_EmrLink):
    """The cluster's page in the AWS console, or the emulator's description of it."""

    name = "EMR console"

    def address(self, where: Mapping[str, Any]) -> str:
        if where.get("endpoint_url"):
            return f"{where['endpoint_url'].rstrip('/')}/_emulator/clusters/{where['cluster_id']}"
        return f"https://{_console(where)}/emr/home?region={where['region']}#/clusterDetails/{where['cluster_id']}"


class EmrLogsLink(_EmrLink):
    """The folder of S3 where the logs of the step, or of the cluster, arrive. They may come minutes after the end."""

    name = "EMR logs"

    def address(self, where: Mapping[str, Any]) -> str:
        if not where.get("log_uri"):
            return ""
        place = urlsplit(where["log_uri"], allow_fragments=False)
        step = f"steps/{where['step_id']}/" if where.get("step_id") else ""
        prefix = f"{place.path.strip('/')}/{where['cluster_id']}/{step}".lstrip("/")
        if where.get("endpoint_url"):
            return f"{where['endpoint_url'].rstrip('/')}/{place.netloc}?list-type=2&prefix={quote(prefix)}"
        return f"https://{_console(where)}/s3/buckets/{place.netloc}?region={where['region']}&prefix={quote(prefix)}"


class EmrSparkHistoryLink(_EmrLink):
    """Spark's history of the step, or of the cluster, by a page of Airflow's that asks EMR for it on each click."""

    name = "Spark history"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        where = XCom.get_value(key=LINK_XCOM, ti_key=ti_key)
        if not isinstance(where, Mapping) or not where.get("spark"):
            return ""
        place = SPARK_HISTORY_ROUTE.format(dag_id=quote(ti_key.dag_id, safe=""))
        asked = {"run_id": ti_key.run_id, "task_id": ti_key.task_id, "map_index": ti_key.map_index}
        return f"{_airflow()}{WEB_PREFIX}{place}?{urlencode(asked)}"


def _airflow() -> str:
    """Where Airflow's web server is, as far as it has been told; else the link stays on the server that shows it."""
    return str(conf.get("api", "base_url", fallback="") or "").rstrip("/")


def _console(where: Mapping[str, Any]) -> str:
    return CONSOLES.get(str(where.get("partition", "aws")), CONSOLES["aws"])
