"""Requests that are taken in whole, and answers that are given out whole, by no thread.

moto's server works in a few threads. A client that sends slowly, reads slowly or does neither must hold none of them:
a request's body is read before there is a thread for it, and the answer is sent when the thread is free again.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from airflow_emr_pipelines.emulator.host.room import NoRoom, room
from airflow_emr_pipelines.emulator.s3.refusals import (
    LARGEST_UPLOAD,
    S3Refusal,
    entity_too_large,
    insufficient_storage,
    request_timeout,
)

IDLE_SECONDS = 20.0
"""How long a connection may carry nothing in the middle of a request or an answer: about as long as S3 bears it."""
_IN_MEMORY_BYTES = 1024**2
_PIECE_BYTES = 256 * 1024
# What the framing of aws-chunked adds to the largest upload, at the least size of a chunk, 8 KiB.
_FRAMING_BYTES = 64 * 1024**2


class Buffered:
    """An ASGI application that asks the one behind it only when the whole request is there.

    :param app: what answers; it finds the body complete, and its answer is kept until it is through
    :param folder: where bodies wait that are larger than a MiB; the system's place for such files when not given
    :param idle_seconds: how long a client may send nothing of its request, or take nothing of its answer
    """

    def __init__(self, app: ASGIApp, folder: Path | None = None, idle_seconds: float = IDLE_SECONDS) -> None:
        self._app, self._folder, self._idle_seconds = app, folder, idle_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        folder = str(self._folder) if self._folder is not None else None
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES, dir=folder) as body:
            try:
                await self._receive_body(Headers(scope=scope), receive, body)
            except _ClientLeft:
                return
            except _Refused as refused:
                await self._send_response(_messages(refused.refusal), receive, send)
                return
            response: list[Message] = []

            async def keep(message: Message) -> None:
                response.append(message)

            await self._app(scope, _from_beginning(body), keep)
        await self._send_response(response, receive, send)

    async def _receive_body(self, headers: Headers, receive: Receive, body: IO[bytes]) -> None:
        framing = _FRAMING_BYTES if "x-amz-decoded-content-length" in headers else 0
        size = _number(headers.get("x-amz-decoded-content-length") or headers.get("content-length", ""))
        more = True
        while more:
            if max(size, body.tell() - framing) > LARGEST_UPLOAD:
                raise _Refused(entity_too_large(max(size, body.tell())))
            try:
                message = await asyncio.wait_for(receive(), self._idle_seconds)
            except asyncio.TimeoutError:
                raise _Refused(request_timeout()) from None
            if message["type"] == "http.disconnect":
                raise _ClientLeft
            try:
                with room():
                    body.write(message.get("body", b""))
            except NoRoom:
                raise _Refused(insufficient_storage()) from None
            more = message.get("more_body", False)
        body.seek(0)

    async def _send_response(self, response: list[Message], receive: Receive, send: Send) -> None:
        for message in response:
            for piece in _pieces(message):
                try:
                    await asyncio.wait_for(send(piece), self._idle_seconds)
                except asyncio.TimeoutError:
                    await cut(receive, send)
                    return


class _ClientLeft(Exception):
    """The connection ended before the request did."""


class _Refused(Exception):
    def __init__(self, refusal: S3Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


async def cut(receive: Receive, send: Send) -> None:
    """End the connection at once. ASGI has no word for that: uvicorn's own end of it is behind ``send``."""
    cast(Any, send).__self__.transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


def _number(text: str) -> int:
    """A size that a client tells; whether it is one at all is for moto to judge."""
    return int(text) if text.isascii() and text.isdecimal() else 0


def _from_beginning(body: IO[bytes]) -> Receive:
    async def receive() -> Message:
        piece = body.read(_PIECE_BYTES)
        return {"type": "http.request", "body": piece, "more_body": len(piece) == _PIECE_BYTES}

    return receive


def _pieces(message: Message) -> Iterator[Message]:
    """A part of an answer as parts of a size that even a slow client takes soon."""
    body = memoryview(message.get("body", b""))
    if len(body) <= _PIECE_BYTES:
        yield message
        return
    for start in range(0, len(body), _PIECE_BYTES):
        more = message.get("more_body", False) or start + _PIECE_BYTES < len(body)
        yield {**message, "body": bytes(body[start : start + _PIECE_BYTES]), "more_body": more}


def _messages(refusal: S3Refusal) -> list[Message]:
    """The refusal as an answer after which the connection ends: what else the client sends is not the next request."""
    headers = [(name.encode(), value.encode()) for name, value in {**refusal.headers, "connection": "close"}.items()]
    return [
        {"type": "http.response.start", "status": refusal.status, "headers": headers},
        {"type": "http.response.body", "body": refusal.body()},
    ]
