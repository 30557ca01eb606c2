"""A page of Airflow's web server that leads on to Spark's history, for those who may read the task.

EMR's address of it needs no login: it is asked for when somebody clicks, handed to the browser, and kept nowhere.
"""

from __future__ import annotations

import html
import logging
from collections.abc import Mapping
from typing import Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.common.db.common import SessionDep
from airflow.api_fastapi.core_api.security import requires_access_dag
from airflow.models.xcom import XComModel
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import select

from airflow_emr_pipelines.errors import SparkHistoryNotReady
from airflow_emr_pipelines.links import LINK_XCOM, SPARK_HISTORY_ROUTE

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
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Spark history</title>{more}
<style>body{{font-family:sans-serif;max-width:44em;margin:4em auto;line-height:1.5}}</style></head>
<body><h1>{title}</h1><p>{cause}</p><p>{remedy}</p></body></html>"""
RELOAD_SECONDS = 5

app = FastAPI(title="EMR pipelines", docs_url=None, redoc_url=None, openapi_url=None)


@app.get(SPARK_HISTORY_ROUTE, dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.TASK_INSTANCE))])
def spark_history(dag_id: str, run_id: str, task_id: str, session: SessionDep, map_index: int = -1) -> Response:
    """Lead on to Spark's history of what a task has run."""
    where = _where(session, dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=map_index)
    if where is None:
        return _page(
            404,
            "There is no Spark history",
            "The task has not started anything on EMR, or Airflow does not know any more where.",
            "Open the link again when the step runs. A task that was cleared forgets where it ran.",
        )
    try:
        address = _address(where)
    except SparkHistoryNotReady as error:
        return _page(503, "Spark's history is not ready yet", str(error), "This page asks again by itself.", again=True)
    except Exception as error:
        return _trouble(error, where)
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


def _where(session: Any, *, dag_id: str, run_id: str, task_id: str, map_index: int) -> Mapping[str, Any] | None:
    """Where a task's job is, as the task itself has put it down."""
    asked = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "map_index": map_index, "key": LINK_XCOM}
    found = session.scalars(select(XComModel).filter_by(**asked)).first()
    where = XComModel.deserialize_value(found) if found is not None else None
    return where if isinstance(where, Mapping) and where.get("cluster_id") else None


def _address(where: Mapping[str, Any]) -> str:
    from airflow_emr_pipelines.hooks.emr import EmrHook
    from airflow_emr_pipelines.hooks.spark_history import SparkHistory

    hook = EmrHook(where.get("aws_conn_id"), where.get("region"))
    return SparkHistory(hook).address(str(where["cluster_id"]), where.get("step_id"))


def _trouble(error: Exception, where: Mapping[str, Any]) -> Response:
    """What went wrong between Airflow's web server and EMR, with the way out."""
    from botocore import exceptions as botocore

    from airflow_emr_pipelines.hooks.answers import THROTTLING, code_of

    code, connection = code_of(error), where.get("aws_conn_id") or "boto3's own credentials"
    log.warning("Spark's history of cluster %s was not found: %s %s", where["cluster_id"], type(error).__name__, code)
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
    told = {"title": html.escape(title), "cause": html.escape(cause), "remedy": html.escape(remedy)}
    retry = {"Retry-After": str(RELOAD_SECONDS)} if again else {}
    return HTMLResponse(PAGE.format(more=more, **told), status, headers={**HEADERS, **retry})
