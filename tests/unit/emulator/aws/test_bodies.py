"""Clients that send or read slowly, on a real connection, and what the application behind sees of them: nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from airflow_emr_pipelines.emulator.bodies import Buffered

IDLE_SECONDS = 0.3
LARGE = 32 * 1024**2  # more than the system keeps of a connection
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Echo:
    """What stands behind: it answers with what it was sent, or with something large."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        self.asked.append(len(body))
        await Response(b"x" * LARGE if scope["path"] == "/large" else body)(scope, receive, send)


@contextlib.asynccontextmanager
async def connection(app: Buffered) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    reader, writer = await asyncio.open_connection(*listener.getsockname(), limit=1024)
    try:
        yield reader, writer
    finally:
        writer.close()
        server.should_exit = True
        await serving
        listener.close()


def talk(with_it: Talk, folder: Path | None = None, idle_seconds: float = IDLE_SECONDS) -> Echo:
    """Talk to the application on one connection; returns what stands behind it."""
    echo = Echo()

    async def both() -> None:
        async with connection(Buffered(echo, folder, idle_seconds)) as (reader, writer):
            await asyncio.wait_for(with_it(reader, writer), 30)

    asyncio.run(both())
    return echo


def head(method: str, path: str, **headers: object) -> bytes:
    told = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: here", *told, "", ""]).encode()


def test_an_upload_that_stands_still_is_refused_as_s3_does_and_its_connection_ends() -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head("PUT", "/b/k", Content_Length=10) + b"12345")
        answer = await reader.read(-1)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"<Code>RequestTimeout</Code>" in answer

    assert talk(half).asked == []


def test_an_upload_that_goes_on_may_take_its_time(tmp_path: Path) -> None:
    async def bit_by_bit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head("PUT", "/b/k", Content_Length=8, Connection="close"))
        for _ in range(8):
            await asyncio.sleep(IDLE_SECONDS / 4)
            writer.write(b"x")
        assert (await reader.read(-1)).endswith(b"xxxxxxxx")

    assert talk(bit_by_bit, idle_seconds=4 * IDLE_SECONDS).asked == [8]


@pytest.mark.parametrize("size", [0, 1024**2, 3 * 1024**2 + 1, 256 * 1024])
def test_a_body_arrives_as_it_was_sent_whatever_its_size(tmp_path: Path, size: int) -> None:
    sent = bytes(range(256)) * (size // 256) + b"!" * (size % 256)

    async def whole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head("PUT", "/b/k", Content_Length=size, Connection="close") + sent)
        assert (await reader.read(-1)).partition(b"\r\n\r\n")[2] == sent

    assert talk(whole, tmp_path, idle_seconds=20).asked == [size]
    assert list(tmp_path.iterdir()) == []


def test_a_client_that_goes_away_leaves_nothing_to_be_done(tmp_path: Path) -> None:
    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head("PUT", "/b/k", Content_Length=10) + b"12345")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    assert talk(leave, tmp_path).asked == []


def test_a_client_that_asks_first_is_told_to_go_on() -> None:
    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head("PUT", "/b/k", Content_Length=2, Expect="100-continue", Connection="close"))
        assert (await reader.readline()).startswith(b"HTTP/1.1 100 ")
        writer.write(b"ok")
        assert (await reader.read(-1)).endswith(b"ok")

    assert talk(ask, idle_seconds=20).asked == [2]


@pytest.mark.parametrize("name", ["Content_Length", "X_Amz_Decoded_Content_Length"])
def test_an_upload_larger_than_s3_allows_is_refused_before_it_is_sent(name: str) -> None:
    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = 5 * 1024**3 + 1
        told = {"Content_Length": size + 100, name: size, "Expect": "100-continue"}
        writer.write(head("PUT", "/b/k", **told))
        answer = await reader.read(-1)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"<Code>EntityTooLarge</Code>" in answer
        assert f"<ProposedSize>{size}</ProposedSize><MaxSizeAllowed>{size - 1}</MaxSizeAllowed>".encode() in answer

    assert talk(ask, idle_seconds=20).asked == []


def test_a_size_that_is_no_number_is_not_ours_to_judge() -> None:
    async def odd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told = {"Content_Length": 2, "X_Amz_Decoded_Content_Length": "a lot", "Connection": "close"}
        writer.write(head("PUT", "/b/k", **told) + b"ok")
        assert (await reader.read(-1)).endswith(b"ok")

    assert talk(odd, idle_seconds=20).asked == [2]


def test_an_answer_that_nobody_takes_ends_with_its_connection() -> None:
    async def ask_only(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head("GET", "/large"))
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(3 * IDLE_SECONDS)
        writer.transport.resume_reading()  # type: ignore[attr-defined]
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(LARGE)

    assert talk(ask_only).asked == [0]


def test_an_answer_that_is_taken_slowly_is_given_out_whole() -> None:
    async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head("GET", "/large", Connection="close"))
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(LARGE) == b"x" * LARGE

    assert talk(slowly, idle_seconds=20).asked == [0]
