"""Links of a task in Airflow's UI: to the AWS console, to the logs in S3, and to Spark's history.

They are made of an XCom, which more people may set than may write the DAG. So each part has to have its form, or there
is no link: an address is http or https, and ids and Regions have nothing in them that would lead elsewhere. The host of
an endpoint is not looked at. It may be any of a company's, and whoever sets XComs can set Airflow's own of a link, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from airflow.sdk import BaseOperatorLink

from airflow_emr_pipelines.logs.layouts import LAYOUTS
from airflow_emr_pipelines.specs.values import ids
from airflow_emr_pipelines.versions import conf, xcom_value

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

LINK_XCOM = "emr_where"
"""The XCom of a task that says where its job is: its location, as backend, aws_conn_id, region, partition and, off AWS,
endpoint_url; the job's ids, as cluster_id and step_id; log_uri, and whether Spark runs there."""
WEB_PREFIX, SPARK_HISTORY_ROUTE = "/emr-pipelines", "/spark-history/{dag_id}"
"""Where our pages are on Airflow's web server."""

CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
CONSOLE_PAGES = {"ec2": "emr/home?region={region}#/clusterDetails/{cluster_id}"}
"""The page of a compute in the AWS console, by the backend of its location."""
EMULATOR_PAGES = {"ec2": "_emulator/clusters/{cluster_id}"}

ENDPOINT = re.compile(r"https?://(?:[\w.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?/?", re.ASCII | re.IGNORECASE)
FOLDER = re.compile(r"s3[an]?://([\w.-]+)(?:/(.*))?", re.ASCII | re.IGNORECASE | re.DOTALL)


class _EmrLink(BaseOperatorLink):
    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        location = _location(ti_key)
        return self.address(location) if location is not None else ""

    def address(self, location: Mapping[str, Any]) -> str:
        raise NotImplementedError


class EmrConsoleLink(_EmrLink):
    """The cluster's page in the AWS console, or the emulator's description of it."""

    name = "EMR console"

    def address(self, location: Mapping[str, Any]) -> str:
        backend = _backend(location)
        if location.get("endpoint_url"):
            return f"{location['endpoint_url'].rstrip('/')}/{EMULATOR_PAGES[backend].format(**location)}"
        return f"https://{_console(location)}/{CONSOLE_PAGES[backend].format(**location)}"


class EmrLogsLink(_EmrLink):
    """The folder of S3 where the logs of the step, or of the cluster, arrive. They may come minutes after the end."""

    name = "EMR logs"

    def address(self, location: Mapping[str, Any]) -> str:
        log_uri = FOLDER.fullmatch(str(location.get("log_uri") or ""))
        if log_uri is None:
            return ""
        bucket, folder = log_uri[1], (log_uri[2] or "").strip("/")
        prefix = quote(f"{folder}/{LAYOUTS[_backend(location)].folder(location)}".lstrip("/"))
        if location.get("endpoint_url"):
            return f"{location['endpoint_url'].rstrip('/')}/{bucket}?list-type=2&prefix={prefix}"
        return f"https://{_console(location)}/s3/buckets/{bucket}?region={location['region']}&prefix={prefix}"


class EmrToleratedLink(_EmrLink):
    """Where to read why a step failed whose task has ended well in spite of that; there is none of another task."""

    name = "Tolerated failure"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        return super().get_link(operator, ti_key=ti_key) if getattr(operator, "has_tolerated", False) else ""

    def address(self, location: Mapping[str, Any]) -> str:
        return EmrLogsLink().address(location) or EmrConsoleLink().address(location)


class EmrSparkHistoryLink(_EmrLink):
    """Spark's history of the step, or of the cluster, by a page of Airflow's that asks EMR for it on each click."""

    name = "Spark history"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        location = _location(ti_key)
        return self.page(ti_key) if location is not None and location.get("spark") else ""

    def page(self, ti_key: Any) -> str:
        """The address of the page, for a task that runs Spark: its key, or the task instance itself."""
        route = SPARK_HISTORY_ROUTE.format(dag_id=quote(ti_key.dag_id, safe=""))
        asked = {"run_id": ti_key.run_id, "task_id": ti_key.task_id, "map_index": ti_key.map_index}
        return f"{_airflow()}{WEB_PREFIX}{route}?{urlencode(asked)}"


def _location(ti_key: TaskInstanceKey) -> Mapping[str, Any] | None:
    """What is put down of a task's job, if links can be made of it."""
    location = xcom_value(LINK_XCOM, ti_key)
    if not isinstance(location, Mapping) or _backend(location) not in LAYOUTS:
        return None
    endpoint, step = location.get("endpoint_url"), location.get("step_id")
    leads_on = ENDPOINT.fullmatch(str(endpoint)) if endpoint else ids.is_region(location.get("region"))
    sound = leads_on and ids.is_cluster(location.get("cluster_id")) and (step is None or ids.is_step(step))
    return location if sound else None


def _airflow() -> str:
    """Where Airflow's web server is, as far as it has been told; else the link stays on the server that shows it."""
    return str(conf.get("api", "base_url", fallback="") or "").rstrip("/")


def _backend(location: Mapping[str, Any]) -> str:
    """The kind of compute; what an earlier release put down has none, and is a cluster's."""
    return str(location.get("backend", "ec2"))


def _console(location: Mapping[str, Any]) -> str:
    return CONSOLES.get(str(location.get("partition", "aws")), CONSOLES["aws"])
