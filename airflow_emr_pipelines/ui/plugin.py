"""What we add to Airflow's web server. Every process of Airflow imports it, so the rest is loaded when asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from airflow.plugins_manager import AirflowPlugin

from airflow_emr_pipelines.links import WEB_PREFIX
from airflow_emr_pipelines.versions import CLICKS_CARRY_THE_LOGIN

Message = MutableMapping[str, Any]


async def web_app(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Our pages, as an ASGI application."""
    from airflow_emr_pipelines.ui.spark_history import app

    await app(scope, receive, send)


class EmrPipelinesPlugin(AirflowPlugin):
    """The pages that links of tasks lead to."""

    name = "emr_pipelines"
    fastapi_apps = (
        [{"app": web_app, "url_prefix": WEB_PREFIX, "name": "EMR pipelines"}] if CLICKS_CARRY_THE_LOGIN else []
    )
