"""A page of Airflow's web server that leads on to Spark's history, for those who may read the task.

EMR's address of it needs no login: it is asked for when somebody clicks, handed to the browser, and kept nowhere.

Where the job is stands in an XCom, which more people may set than may write the DAG. So the connection, and with it
the rights, are the task's own, and the XCom says no more than which of its clusters and steps it is.
"""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from airflow_emr_pipelines import settings, versions
from airflow_emr_pipelines.errors import NotOfTheTask, SparkHistoryNotReady
from airflow_emr_pipelines.links import LINK_XCOM, SPARK_HISTORY_ROUTE
from airflow_emr_pipelines.specs.values import ids
from airflow_emr_pipelines.specs.values.keys import job_key
from airflow_emr_pipelines.versions import NOT_KNOWN

if TYPE_CHECKING:
    from airflow_emr_pipelines.hooks.ec2.spark_history import Owner

log = logging.getLogger(__name__)

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
}
REFUSED = ("AccessDenied", "UnauthorizedOperation", "NotAuthorized")
ACTIONS = (
    "elasticmapreduce:DescribeCluster, ListSteps, GetOnClusterAppUIPresignedURL, CreatePersistentAppUI, "
    "DescribePersistentAppUI and GetPersistentAppUIPresignedURL"
)
OWN_SITE = ("none", "same-origin")
"""What a browser says of a click on a page of ours, and of an address that somebody has typed."""
OWN_FIELDS = ("aws_conn_id", "region_name", "cluster_id")
NAME = re.compile(r"[\w.:-]{1,250}")
CHANGED = (
    "Somebody may have set the XCom in the task's name. Clear the task to have it put down anew, or look for the "
    "cluster in EMR's console."
)
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Spark history</title>{more}
<style>body{{font-family:sans-serif;max-width:44em;margin:4em auto;line-height:1.5}}</style></head>
<body><h1>{title}</h1><p>{cause}</p><p>{remedy}</p></body></html>"""
RELOAD_SECONDS = 5

SESSION, MAY_READ_TASKS = versions.web_dependencies()

app = FastAPI(title="EMR pipelines", docs_url=None, redoc_url=None, openapi_url=None)


@app.get(SPARK_HISTORY_ROUTE, dependencies=[MAY_READ_TASKS])
def spark_history(
    dag_id: str,
    run_id: str,
    task_id: str,
    session: Annotated[Any, SESSION],
    request: Request,
    map_index: int = -1,
) -> Response:
    """Lead on to Spark's history of what a task has run, from a click on a page of Airflow's own.

    EMR is asked to make an interface where it has none, so that no page of elsewhere may lead here.
    """
    if request.headers.get("sec-fetch-site", "none") not in OWN_SITE:
        return _page(
            403,
            "Open this from Airflow",
            "A page of another site leads here, and EMR would be asked for the history in your name.",
            "Go to the task in Airflow's UI, and click its link Spark history.",
        )
    task = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "map_index": map_index}
    said = _said_by_xcom(session, task)
    if said is None:
        return _page(
            404,
            "There is no Spark history",
            "The task has not started anything on EMR, or Airflow does not know any more where.",
            "Open the link again when the step runs. A task that was cleared forgets where it ran.",
        )
    own = versions.fields_of_task(session, OWN_FIELDS, **task)
    if own["aws_conn_id"] is NOT_KNOWN:
        return _page(
            404,
            "The task's connection is not known any more",
            "The DAG does not say it as such, and Airflow keeps what tasks have rendered for the youngest runs only.",
            "Look for the cluster in EMR's console.",
        )
    connection, region = own["aws_conn_id"], own["region_name"]
    try:
        owner = _owner(session, task, own["cluster_id"])
        address = _address(said, connection, None if region is NOT_KNOWN else region, owner)
    except _Differs as error:
        return _page(403, "This is not what the task itself says", str(error), CHANGED)
    except NotOfTheTask as error:
        log.warning("Spark's history was refused: %s", error)
        return _page(403, "This is no cluster of the task", str(error), CHANGED)
    except SparkHistoryNotReady as error:
        return _page(503, "Spark's history is not ready yet", str(error), "This page asks again by itself.", again=True)
    except Exception as error:
        return _trouble(error, said["cluster_id"], connection)
    if not address.startswith(("https://", "http://")):
        return _page(502, "Spark's history was not found", "EMR's answer holds no address.", "Try it again later.")
    return RedirectResponse(address, 303, headers=HEADERS)


@app.exception_handler(HTTPException)
def no_access(request: Request, error: HTTPException) -> Response:
    """Say why there is nothing to see."""
    if error.status_code == 401:
        return _page(401, "Please log in", "Airflow does not know who asks.", "Log in to Airflow, and click again.")
    return _page(
        error.status_code,
        "You may not see this",
        "Spark's history is for those who may read the task.",
        "Ask who looks after Airflow for access to this DAG's task instances.",
    )


@app.exception_handler(RequestValidationError)
def bad_address(request: Request, error: RequestValidationError) -> Response:
    """Say what the address lacks."""
    lacking = ", ".join(str(part["loc"][-1]) for part in error.errors())
    return _page(422, "The address is not whole", f"Lacking or wrong: {lacking}.", "Open the link in Airflow's UI.")


def _said_by_xcom(session: Any, task: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Where a task's job is, as the task has put it down, or somebody in its name."""
    said = versions.kept_xcom(session, LINK_XCOM, **task)
    if not isinstance(said, Mapping) or not ids.is_cluster(said.get("cluster_id")):
        return None
    return said if said.get("step_id") is None or ids.is_step(said["step_id"]) else None


def _owner(session: Any, task: Mapping[str, Any], cluster_id: Any) -> Owner:
    """The task run that is asked for, by what Airflow itself knows of it."""
    from airflow_emr_pipelines.hooks.ec2.spark_history import Owner

    of_run = {name: task[name] for name in ("dag_id", "run_id")}
    started = versions.run_started(session, **of_run)
    key = job_key(deployment=settings.deployment(), start_date=started.isoformat(), max_tries=0, **task)
    return Owner(**of_run, key=key, cluster_id=cluster_id if isinstance(cluster_id, str) else None)


class _Differs(Exception):
    """An XCom says something else than the task."""

    def __init__(self, what: str, own: object, said: object) -> None:
        super().__init__(f"The task uses {_shown(own)} as its {what}, and the XCom {LINK_XCOM} names {_shown(said)}.")


def _address(said: Mapping[str, Any], connection: str | None, region: str | None, owner: Owner) -> str:
    """The address that EMR gives to the task's connection, in the task's Region or else the connection's.

    Where neither names one, the Region is boto3's own, which need not be the worker's: the XCom's is taken then.
    """
    from airflow_emr_pipelines.hooks.ec2.emr import EmrHook
    from airflow_emr_pipelines.hooks.ec2.spark_history import SparkHistory

    if said.get("aws_conn_id", connection) != connection:
        raise _Differs("connection", connection, said["aws_conn_id"])
    region = region or EmrHook(connection).region_name
    where = said.get("region") or region
    if where is not None and not (where == region if region else ids.is_region(where)):
        raise _Differs("Region", region, where)
    return SparkHistory(EmrHook(connection, where)).address(said["cluster_id"], said.get("step_id"), owner)


def _shown(name: object) -> str:
    """A name as a page may show it, whoever has set it."""
    if name is None:
        return "boto3's own"
    return name if isinstance(name, str) and NAME.fullmatch(name) else "what is no name"


def _trouble(error: Exception, cluster_id: str, aws_conn_id: str | None) -> Response:
    """What went wrong between Airflow's web server and EMR, with the way out."""
    from botocore import exceptions as botocore

    from airflow_emr_pipelines.aws_errors import THROTTLING, code_of

    code, connection = code_of(error), aws_conn_id or "boto3's own credentials"
    log.warning("Spark's history of cluster %s was not found: %s %s", cluster_id, type(error).__name__, code)
    if code.startswith(REFUSED) or isinstance(error, (botocore.NoCredentialsError, botocore.CredentialRetrievalError)):
        return _page(
            502,
            "Airflow's web server may not ask EMR",
            f"With {connection}, the web server has no rights on EMR: {_said(error)}",
            f"Allow it {ACTIONS}. The web server may have other credentials than the workers.",
        )
    if code in THROTTLING:
        return _page(503, "EMR is asked too often", _said(error), "This page asks again by itself.", again=True)
    if isinstance(error, botocore.ClientError):
        return _page(
            502,
            "EMR has no Spark history of this cluster",
            f"EMR says: {_said(error)}",
            "It keeps Spark's history from emr-5.25.0 on, for 30 days after an application has ended, not of clusters "
            "with three primaries, and of at most 50 clusters of an account at a time. What has just run may take some "
            "minutes to arrive.",
        )
    return _page(
        502,
        "EMR was not reached",
        f"With {connection}: {type(error).__name__}.",
        "Look whether the connection exists for the web server as well, and whether it can reach EMR's endpoint.",
    )


def _said(error: Exception) -> str:
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Message") or error)


def _page(status: int, title: str, cause: str, remedy: str, *, again: bool = False) -> Response:
    more = f'<meta http-equiv="refresh" content="{RELOAD_SECONDS}">' if again else ""
    texts = {"title": html.escape(title), "cause": html.escape(cause), "remedy": html.escape(remedy)}
    retry = {"Retry-After": str(RELOAD_SECONDS)} if again else {}
    return HTMLResponse(PAGE.format(more=more, **texts), status, headers={**HEADERS, **retry})
