"""The address that a step's metastore client is told: it hands each call to a catalog."""

from __future__ import annotations

import contextlib
import logging
import socket
import socketserver
import threading
from collections.abc import Callable
from typing import Protocol

from airflow_emr_pipelines.emulator.host.catalog.thrift import (
    CALL,
    EXCEPTION,
    ONEWAY,
    Message,
    NotThrift,
    i32,
    read_message,
    text,
    written,
)

logger = logging.getLogger(__name__)

_LOOPBACK = "127.0.0.1"
_INTERNAL_ERROR = 6
_UNANSWERED = ("shutdown", "reinitialize")
"""The calls of a metastore for which no client waits, whatever kind it sends them as, and which mean nothing to it."""


class Catalog(Protocol):
    """What answers the calls of one connection, one at a time."""

    def answer(self, call: Message) -> Message:
        """The answer to a call.

        :raises CannotAnswer: the words are for the step's user
        """
        ...

    def close(self) -> None:
        """The connection is over, or is ended by another thread; it may be said twice."""
        ...


class CannotAnswer(Exception):
    """A call that this catalog does not serve; says why, and the way out."""


class _Connection(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        catalog = self.server.new_catalog()
        self.server.catalogs.add(catalog)
        try:
            while (call := read_message(self.rfile)) is not None:
                if call.kind not in (CALL, ONEWAY):
                    return
                if call.kind == CALL and call.name not in _UNANSWERED:
                    self.wfile.write(written(_answered(catalog, call)))
        except (NotThrift, OSError):
            return
        finally:
            self.server.catalogs.discard(catalog)
            catalog.close()


def _answered(catalog: Catalog, call: Message) -> Message:
    try:
        return catalog.answer(call)
    except CannotAnswer as refused:
        words = str(refused)
    except Exception as error:  # the step is told, and the connection serves on
        logger.exception("the catalog failed at %s", call.name)
        words = f"the emulator's catalog failed at {call.name}: {error}"
    return Message(EXCEPTION, call.name, call.number, {1: text(words), 2: i32(_INTERNAL_ERROR)})


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, new_catalog: Callable[[], Catalog]) -> None:
        super().__init__((_LOOPBACK, 0), _Connection)
        self.new_catalog = new_catalog
        self.catalogs: set[Catalog] = set()
        self._open: set[socket.socket] = set()

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        self._open.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        for connection in list(self._open):
            self.shutdown_request(connection)
        for catalog in list(self.catalogs):
            catalog.close()


class CatalogServer:
    """Listens on loopback until it is closed; each connection has a catalog of its own."""

    def __init__(self, new_catalog: Callable[[], Catalog]) -> None:
        self._server = _Server(new_catalog)
        self._closed = False
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def _accept(self) -> None:
        while not self._closed:
            self._server.handle_request()

    @property
    def uri(self) -> str:
        """For `hive.metastore.uris`."""
        return f"thrift://{_LOOPBACK}:{self._server.server_address[1]}"

    def close(self) -> None:
        self._closed = True
        with contextlib.suppress(OSError):
            socket.create_connection((_LOOPBACK, self._server.server_address[1])).close()  # which it waits for
        self._accepting.join()
        self._server.server_close()
        self._server.end_connections()
