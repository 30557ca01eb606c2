"""HTTP in and out, on one port: EMR to our actions, what moto has to moto, and everything else refused by name."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import re
import uuid
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from airflow_emr_pipelines.emulator import stacks
from airflow_emr_pipelines.emulator.aws import wire
from airflow_emr_pipelines.emulator.aws.errors import AwsError, Refused, not_emulated, throttled
from airflow_emr_pipelines.emulator.aws.faults import BadFault, Fault, Faults, Kind
from airflow_emr_pipelines.emulator.aws.rates import Rates
from airflow_emr_pipelines.emulator.bodies import Buffered, cut
from airflow_emr_pipelines.emulator.ec2 import app_uis, tagging
from airflow_emr_pipelines.emulator.ec2.actions import ACTIONS, Emr
from airflow_emr_pipelines.emulator.ec2.lifecycle import ClusterLifecycles
from airflow_emr_pipelines.emulator.ec2.model import Clock, Cluster, Clusters, End
from airflow_emr_pipelines.emulator.ec2.responses import cluster_response, step_summary
from airflow_emr_pipelines.emulator.s3.uploads import WsgiApp

log = logging.getLogger(__name__)

EMR = "ElasticMapReduce."
TAGGING = "ResourceGroupsTaggingAPI_20170126."
NOT_YET = {
    "emr-serverless": "EMR Serverless",
    "emr-containers": "EMR on EKS",
    "elasticmapreduce": "EMR requests without X-Amz-Target",
}
SCOPE = re.compile(r"Credential=[^/]+/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
JSON_1_1 = "application/x-amz-json-1.1"
OWN_PAGES = "/_emulator/"
MOTO_API = "/moto-api"
MOTO_API_REFUSED = (
    "{path}: moto's own interface deletes everything when it is told to. Start the emulator with --moto-api to have it."
)
SANDBOX = (b"content-security-policy", b"sandbox")
"""What is stored here may be a page with a program in it: a browser shows it, and runs nothing of it."""
THREADS = 16
ELSEWHERE = "Faults are made by clients on this machine only."
MACHINES_LOST = End("INSTANCE_FAILURE", "The primary instance was lost", with_errors=True)
RESET = End("INTERNAL_ERROR", "The emulator was reset by /moto-api/reset", with_errors=True)


class Server:
    """The ASGI application.

    :param rates: how often EMR may be called; None for as often as one likes
    :param folder: where large uploads wait until they are there whole
    :param moto_api: whether moto's own ``/moto-api`` is there
    """

    def __init__(
        self,
        clusters: Clusters,
        lifecycles: ClusterLifecycles,
        clock: Clock,
        moto: WsgiApp,
        rates: Rates | None = None,
        folder: Path | None = None,
        *,
        moto_api: bool = False,
    ) -> None:
        self.clusters, self.lifecycles, self.clock, self.rates = clusters, lifecycles, clock, rates
        self.moto_api = moto_api
        self.faults = Faults()
        self.moto = Buffered(_sandboxed(cast(Any, WSGIMiddleware(cast(Any, moto), workers=THREADS))), folder)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        target = request.headers.get("x-amz-target", "")
        region, service = _scope_of(request)
        if request.url.path.startswith(OWN_PAGES) and not service:
            await (await self._own_page(request))(scope, receive, send)
            return
        if scope["path"].startswith(MOTO_API):  # as moto asks, whatever service the request was signed for
            await self._moto_api(request, receive, send)
            return
        operation = target.removeprefix(EMR) if target.startswith(EMR) else ""
        fault = self.faults.next(operation or service)
        if fault is not None and fault.kind is Kind.DELAY:
            await asyncio.sleep(fault.delay)
        elif fault is not None and fault.kind is Kind.DROP:
            await cut(receive, send)
            return
        elif fault is not None and fault.kind is not Kind.LOSE_ANSWER:
            await _refusal(fault.error())(scope, receive, send)
            return
        loses_answer = fault is not None and fault.kind is Kind.LOSE_ANSWER
        if operation:
            response = _unreadable(request) or await _refusing(
                operation, self._emr(request, operation, region, service)
            )
        elif target.startswith(TAGGING):
            asked = target.removeprefix(TAGGING)
            response = await _refusing(asked, self._tagging(request, asked, region))
        elif service in NOT_YET:
            response = _refusal(not_emulated(f"{NOT_YET[service]} yet ({request.method} {request.url.path})"))
        elif service == "cloudformation" and (unfit := await asyncio.to_thread(stacks.refuse_emr)):
            response = _refusal(AwsError("NotEmulatedException", unfit))
        else:
            await self.moto(scope, receive, _discard if loses_answer else send)
            response = None
        if loses_answer:
            await cut(receive, send)
        elif response is not None:
            await response(scope, receive, send)

    async def _moto_api(self, request: Request, receive: Receive, send: Send) -> None:
        """moto's own interface, if it was asked for. A reset ends the clusters first: they write to the buckets."""
        if not self.moto_api:
            refused = AwsError("MotoApiException", MOTO_API_REFUSED.format(path=request.scope["path"]), 403)
            await _refusal(refused)(request.scope, receive, send)
            return
        if request.method == "POST" and request.scope["path"].rstrip("/") == f"{MOTO_API}/reset":
            await self.lifecycles.end_all(RESET)
            self.clusters.forget_all()
            self.faults.clear()
        await self.moto(request.scope, receive, send)

    async def _emr(self, request: Request, operation: str, region: str, service: str) -> Response:
        if operation not in wire.operations():
            raise AwsError("UnknownOperationException", "")
        if not service:
            raise _unsigned(request)
        action = ACTIONS.get(operation)
        if action is None:
            raise not_emulated(f"ElasticMapReduce {operation}")
        if self.rates is not None and not self.rates.allow(region, operation):
            raise throttled()
        parameters = wire.filled(operation, wire.read(operation, await _json(request)))
        response = await action(self._region(request, region, operation), parameters)
        return _response(wire.serialized(response) if wire.has_output(operation) else None)

    async def _tagging(self, request: Request, operation: str, region: str) -> Response:
        async def ask(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
            status, body = await self._ask_moto(request, json.dumps(parameters).encode())
            if status != 200:  # such as in a region that moto does not know
                said = body.decode(errors="replace").strip()
                raise AwsError("InternalServiceException", f"moto refuses {operation} in {region}: {said}", status)
            answer: dict[str, Any] = json.loads(body)
            return answer

        async def act(action: str, parameters: Mapping[str, Any]) -> object:
            return await ACTIONS[action](self._region(request, region, action), parameters)

        if operation not in tagging.OPERATIONS:
            raise not_emulated(f"{operation} of the Resource Groups Tagging API")
        door = tagging.Tagging(self.clusters.of(region), ask, act)
        parameters = wire.read(operation, await _json(request), "resourcegroupstaggingapi")
        return _response(await door.respond(operation, parameters))

    def _region(self, request: Request, region: str, operation: str) -> Emr:
        url = f"{request.url.scheme}://{request.url.netloc}"
        return Emr(self.clusters, self.lifecycles, self.clock, region, operation, url)

    async def _ask_moto(self, request: Request, body: bytes) -> tuple[int, bytes]:
        """moto's answer to the same request with another body."""
        headers = [(name, value) for name, value in request.scope["headers"] if name != b"content-length"]
        scope = {**request.scope, "headers": [*headers, (b"content-length", str(len(body)).encode())]}
        parts: list[bytes] = []
        status = 0

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Mapping[str, Any]) -> None:
            nonlocal status
            status = message.get("status", status)
            parts.append(message.get("body", b""))

        await self.moto(scope, receive, send)
        return status, b"".join(parts)

    async def _own_page(self, request: Request) -> Response:
        """What is not AWS's: a sign of health, the clusters in words for a person who follows a link, and faults.

        DELETE of a cluster takes its machines away, as EC2 does.
        """
        path = request.url.path.removeprefix(OWN_PAGES)
        if path == "health":
            return JSONResponse({"status": "healthy", "clusters": len(self.clusters.all())})
        if path == "faults":
            return await self._faults_page(request)
        if request.url.path.startswith(app_uis.PLACE):
            return await app_uis.respond(self.lifecycles.runner.history, self.clusters.all(), request)
        if path == "clusters":
            return JSONResponse({"clusters": [_in_short(cluster) for cluster in self.clusters.all()]})
        kind, _, cluster_id = path.partition("/")
        found = [cluster for cluster in self.clusters.all() if cluster.id == cluster_id]
        if kind != "clusters" or not found:
            return JSONResponse({"error": f"There is nothing at /_emulator/{path}."}, 404)
        if request.method == "DELETE":
            if not _is_here(request):
                return JSONResponse({"error": ELSEWHERE}, 403)
            found[0].ask_for_end(MACHINES_LOST)
        described = {
            "Cluster": cluster_response(found[0], self.clock.now()),
            "Steps": [step_summary(step) for step in found[0].steps],
        }
        return Response(json.dumps(described, indent=2, default=str), media_type="application/json")

    async def _faults_page(self, request: Request) -> Response:
        """GET lists the faults, POST adds one, DELETE takes all back; for clients on this machine."""
        if not _is_here(request):
            return JSONResponse({"error": ELSEWHERE}, 403)
        if request.method == "POST":
            if request.headers.get("content-type") != "application/json":  # which no page of a browser may send
                return JSONResponse({"error": "A fault is sent as application/json."}, 415)
            try:
                self.faults.add(Fault.from_dict(await _json(request)))
            except BadFault as error:
                return JSONResponse({"error": str(error)}, 400)
            except AwsError as error:
                return JSONResponse({"error": error.message}, 400)
        elif request.method == "DELETE":
            self.faults.clear()
        return JSONResponse({"faults": [fault.to_dict() for fault in self.faults.all()]})


def _is_here(request: Request) -> bool:
    """Whether the client is on this machine."""
    return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback


def _in_short(cluster: Cluster) -> dict[str, str]:
    return {
        "Id": cluster.id,
        "Name": cluster.request["Name"],
        "Region": cluster.region,
        "State": cluster.state.value,
    }


def _sandboxed(app: ASGIApp) -> ASGIApp:
    """moto, whose answers a browser shows without running what is in them; its own pages have programs."""

    async def sandboxed(scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and not scope["path"].startswith(MOTO_API):
                message = {**message, "headers": [*message.get("headers", ()), SANDBOX]}
            await send(message)

        await app(scope, receive, sending)

    return sandboxed


async def _discard(message: Any) -> None:
    """Where the parts of an answer go that gets lost."""


async def _refusing(operation: str, answering: Awaitable[Response]) -> Response:
    """The answer, or the refusal that came up on the way to it."""
    try:
        return await answering
    except Refused as refused:
        return _refusal(refused.error_of(operation))
    except AwsError as error:
        return _refusal(error)
    except Exception:
        log.exception("%s broke the emulator", operation)
        return _refusal(AwsError("InternalServerError", f"The emulator failed at {operation}; its log says why.", 500))


def _unreadable(request: Request) -> Response | None:
    """The answer to what is no request of the JSON protocol, and so gets none in it."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method == "POST" and content_type == JSON_1_1:
        return None
    return Response("<UnknownOperationException/>\n", 404, {"x-amzn-RequestId": str(uuid.uuid4())})


def _unsigned(request: Request) -> AwsError:
    if "authorization" in request.headers:
        return AwsError("IncompleteSignatureException", "The Authorization header has no scope of Signature Version 4.")
    return AwsError("MissingAuthenticationTokenException", "Missing Authentication Token")


def _scope_of(request: Request) -> tuple[str, str]:
    """Region and service that the request was signed for."""
    found = SCOPE.search(request.headers.get("authorization", ""))
    return (found["region"], found["service"]) if found else ("us-east-1", "")


async def _json(request: Request) -> dict[str, Any]:
    try:
        read = json.loads(await request.body() or b"{}")
    except (ValueError, RecursionError):
        raise AwsError("SerializationException", "The request's body is no JSON.") from None
    if not isinstance(read, dict):
        raise AwsError("SerializationException", "The request's body is no JSON object.")
    return read


def _response(body: Mapping[str, Any] | None, status: int = 200) -> Response:
    """An answer in the JSON protocol; None is that of an operation which answers nothing."""
    headers = {"x-amzn-RequestId": str(uuid.uuid4())}
    content = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
    return Response(content, status, headers, media_type=JSON_1_1)


def _refusal(error: AwsError) -> Response:
    response = _response(error.body(), error.status)
    response.headers["x-amzn-ErrorType"] = error.code
    return response
