"""Spark's history server for those who have a cluster's address of it: what it shows of that cluster, and no more."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from airflow_emr_pipelines.emulator.ec2.model import Cluster
from airflow_emr_pipelines.emulator.host.history import Page, SparkHistory

PLACE = "/_emulator/app-uis/"
"""Behind it comes the cluster's token, which nobody can guess."""
LISTING = "/api/v1/applications"
SEGMENT = re.compile(r"(?!\.\.?$)[A-Za-z0-9._-]+")
BAD_PATH = "The path has a segment that is empty, encoded, . or .. : write it as the pages link to it."
OF_APPLICATIONS = (f"{LISTING}/", "/history/")


def path_to(cluster: Cluster, application_id: str | None = None) -> str:
    """Where the history of a cluster is, or that of one of its applications."""
    top = f"{PLACE}{cluster.ui_token}/"
    return top if application_id is None else f"{top}history/{quote(application_id, safe='')}/jobs/"


async def respond(history: SparkHistory, clusters: Iterable[Cluster], request: Request) -> Response:
    """The page of the history server that is asked for below a cluster's token."""
    token, _, rest = request.scope["path"].removeprefix(PLACE).partition("/")
    found = [cluster for cluster in clusters if hmac.compare_digest(cluster.ui_token.encode(), token.encode())]
    if not found:
        return PlainTextResponse("There is no such address.", 404)
    if request.method not in ("GET", "HEAD"):
        return PlainTextResponse("The history is there to be read.", 405)
    if not _is_plain(rest) or b"%" in request.scope["raw_path"]:
        return PlainTextResponse(BAD_PATH, 400)
    top, path, query = f"{PLACE}{token}", f"/{rest}", request.url.query
    shown = history.applications(found[0].id)
    if path == LISTING:
        return await _listing(history, shown, query)
    for start in OF_APPLICATIONS:
        if path.startswith(start) and path.removeprefix(start).partition("/")[0] not in shown:
            return PlainTextResponse("There is no such application on this cluster.", 404)
    page = await history.get(quote(path) + (f"?{query}" if query else ""), top)
    headers = {} if page.location is None else {"Location": _below(top, page.location)}
    return Response(page.content, page.status, headers, media_type=page.content_type)


def _is_plain(path: str) -> bool:
    """Whether each reader of the path understands it alike; else the history server could find another place there."""
    *folders, last = path.split("/")
    return all(map(SEGMENT.fullmatch, folders)) and (not last or SEGMENT.fullmatch(last) is not None)


async def _listing(history: SparkHistory, shown: frozenset[str], query: str) -> Response:
    """The list of applications, without those of other clusters."""
    asked = dict(parse_qsl(query))
    limit = asked.pop("limit", None)
    page = await history.get(f"{LISTING}?{urlencode(asked)}")
    if page.status != 200:
        return _as_it_is(page)
    listed = [one for one in json.loads(page.content) if one["id"] in shown]
    most = int(limit) if limit is not None and limit.isdigit() else len(listed)
    return Response(json.dumps(listed[:most], indent=2), media_type="application/json")


def _as_it_is(page: Page) -> Response:
    return Response(page.content, page.status, media_type=page.content_type)


def _below(top: str, location: str) -> str:
    """Where the history server sends a reader, who has it below another path and at another host."""
    there = urlsplit(location)
    path = there.path if there.path.startswith(f"{top}/") else top + there.path
    return path + (f"?{there.query}" if there.query else "")
