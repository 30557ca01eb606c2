"""Who may come in: clients that mean the emulator, and no web page that a browser on this machine has open.

Loopback keeps other machines out, but not the pages in a browser here: each of them may send requests to any port, also
under a name of its own that has just begun to lead to this machine. Signatures are not checked, and steps are commands
of this machine. What cannot be forged by a page is what the browser says of it, and the name that it knows us by.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable
from html import escape
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from airflow_emr_pipelines.emulator.s3.names import is_bucket_name
from airflow_emr_pipelines.emulator.server import JSON_1_1, OWN_PAGES

NO_FRAME = [("X-Frame-Options", "DENY"), ("Content-Security-Policy", "frame-ancestors 'none'")]
"""Headers of every answer: no page shows ours within itself, where a click would go astray."""
CODE = "ForeignRequestException"
LOCALHOST = "localhost"
OWN_SITE = frozenset({"none", "same-origin"})
LISTING_QUERY = frozenset({"list-type", "prefix"})
HOST = re.compile(r"(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[0-9a-z._-]*[0-9a-z_-]))(?::\d{1,5})?", re.ASCII)
BUCKET = re.compile(r"[0-9a-z](?:[0-9a-z.-]*[0-9a-z])?", re.ASCII)
LONGEST_SHOWN = 100


class Doors:
    """The ASGI application behind it, for those who may use it; everybody else gets 403 and the reason.

    :param names: the names and addresses that it is known by, besides localhost and the loopback addresses
    """

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self.app = app
        self.names = frozenset({LOCALHOST, *(name.lower() for name in names)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "There is no WebSocket here."})
            return
        reason = self.reason_against(scope) if scope["type"] == "http" else None
        if reason is None:
            await self.app(scope, receive, send)
        else:
            await _refusal(scope, reason)(scope, receive, send)

    def reason_against(self, scope: Scope) -> str | None:
        """Why a request may not come in; None when it may."""
        headers = Headers(scope=scope)
        return self._foreign_host(headers) or _preflight(scope, headers) or _foreign_page(scope, headers)

    def _foreign_host(self, headers: Headers) -> str | None:
        given = headers.getlist("host")
        found = HOST.fullmatch(given[0].lower()) if len(given) == 1 else None
        name = (found["v6"] or found["name"]) if found is not None else ""
        if name in self.names or _is_loopback(name):
            return None
        if not self._is_of_a_bucket(name):
            return _quoted_header("Host", given) + (
                f"the emulator answers to {', '.join(sorted(self.names))} and loopback addresses, in exactly one Host "
                "header. If the name is yours, start the emulator with --allowed-host NAME."
            )
        if _is_browser(headers):
            return _quoted_header("Host", given) + (
                "no browser may use the host names of S3's virtual-hosted style. Give the bucket in the path."
            )
        return None

    def _is_of_a_bucket(self, name: str) -> bool:
        """Whether it is ``bucket.localhost``, ``bucket.s3.localhost``, or the like below a name of ours."""
        return any(
            name.endswith(f".{own}") and BUCKET.fullmatch(name.removesuffix(f".{own}"))
            for own in self.names
            if _address(own) is None
        )


def _preflight(scope: Scope, headers: Headers) -> str | None:
    if scope["method"] != "OPTIONS" or "access-control-request-method" not in headers:
        return None
    return _quoted_header("Access-Control-Request-Method", headers.getlist("access-control-request-method")) + (
        "no page of a browser may use the emulator. Use a client that is no browser: boto3, the AWS CLI, curl."
    )


def _foreign_page(scope: Scope, headers: Headers) -> str | None:
    if "origin" in headers:  # of a page of our own as well: those only read
        return _quoted_header("Origin", headers.getlist("origin")) + (
            "no page of a browser may use the emulator. Use a client that is no browser, and let it send no Origin: "
            "boto3, the AWS CLI, curl."
        )
    site = headers.getlist("sec-fetch-site")
    if OWN_SITE.issuperset(site) or (_follows_a_link(scope, headers) and _is_for_readers(scope)):
        return None
    return _quoted_header("Sec-Fetch-Site", site) + (
        f"a page of elsewhere may not use the emulator, but only link to {OWN_PAGES}… and to the listing of a bucket. "
        "Open the address by hand."
    )


def _follows_a_link(scope: Scope, headers: Headers) -> bool:
    """Whether somebody goes to a page, that then stands alone in its window."""
    return (
        scope["method"] == "GET"
        and headers.getlist("sec-fetch-mode") == ["navigate"]
        and headers.getlist("sec-fetch-dest") == ["document"]
    )


def _is_for_readers(scope: Scope) -> bool:
    """Whether it is what links lead to, and GET changes nothing: our own pages, and a bucket's listing."""
    path: str = scope["path"]
    if path.startswith(OWN_PAGES):
        return True
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    return is_bucket_name(path[1:]) and query.get("list-type") == "2" and query.keys() <= LISTING_QUERY


def _is_browser(headers: Headers) -> bool:
    return "origin" in headers or any(name.startswith("sec-fetch-") for name in headers)


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None


def _is_loopback(name: str) -> bool:
    """Whether it is a literal of 127.0.0.0/8 or ::1; what only leads to one of these is none."""
    address = _address(name)
    return address == IPv6Address("::1") or (isinstance(address, IPv4Address) and address.is_loopback)


def _quoted_header(header: str, values: list[str]) -> str:
    shown = ", ".join(ascii(value)[1:-1] for value in values) if values else "(none)"
    return f"{header}: {shown if len(shown) <= LONGEST_SHOWN else shown[:LONGEST_SHOWN] + '…'}: "


def _refusal(scope: Scope, reason: str) -> Response:
    """403, in the form that the client understands best."""
    headers = {"x-amzn-RequestId": str(uuid.uuid4()), "x-amzn-ErrorType": CODE}
    if "x-amz-target" in Headers(scope=scope):
        return Response(json.dumps({"__type": CODE, "message": reason}), 403, headers, media_type=JSON_1_1)
    if scope["path"].startswith(OWN_PAGES):
        return Response(json.dumps({"error": reason}), 403, media_type="application/json")
    error = f"<Error><Code>{CODE}</Code><Message>{escape(reason)}</Message></Error>"
    body = f"<ErrorResponse>{error}<RequestId>{headers['x-amzn-RequestId']}</RequestId></ErrorResponse>"
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n', 403, headers, media_type="application/xml")
