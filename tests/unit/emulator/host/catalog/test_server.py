"""The proxy in front of a metastore of Hive's, and what of it is left when it is closed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from airflow_emr_pipelines.emulator.host.catalog.of_cluster import HiveMetastoreCatalog
from airflow_emr_pipelines.emulator.host.catalog.server import CatalogServer
from airflow_emr_pipelines.emulator.host.catalog.thrift import CALL, ONEWAY, REPLY, Message, read_message, text, written

PATIENCE = 10.0


class Upstream:
    """A metastore that answers with the call's name; to `silent` and to what is one-way it answers nothing."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.heard: list[str] = []
        self.told, self.ended = threading.Event(), threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        connection, _ = self.listener.accept()
        with connection, connection.makefile("rb") as stream:
            while (call := read_message(stream)) is not None:
                self.heard.append(call.name)
                self.told.set()
                if call.name != "silent" and call.kind == CALL:
                    connection.sendall(written(Message(REPLY, call.name, call.number, {0: text(call.name)})))
        self.ended.set()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    made = Upstream()
    yield made
    made.listener.close()


@pytest.fixture
def server(upstream: Upstream) -> Iterator[CatalogServer]:
    made = CatalogServer(lambda: HiveMetastoreCatalog(lambda: upstream.listener.getsockname()))
    yield made
    made.close()


def connected(server: CatalogServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(server.uri.rpartition(":")[2])), timeout=PATIENCE)


def asked(client: socket.socket, name: str) -> Message | None:
    client.sendall(written(Message(CALL, name, 1, {})))
    with client.makefile("rb") as stream:
        return read_message(stream)


def test_a_client_that_says_goodbye_is_not_waited_for(server: CatalogServer, upstream: Upstream) -> None:
    with connected(server) as client:
        assert asked(client, "get_table") is not None
        client.sendall(written(Message(ONEWAY, "shutdown", 2, {})))
        client.sendall(written(Message(CALL, "shutdown", 3, {})))  # as clients of older Thrift's send it
        answer = asked(client, "getStatus")
        assert answer is not None
        assert answer.name == "getStatus"
    assert upstream.ended.wait(PATIENCE)
    assert upstream.heard == ["get_table", "getStatus"]


def test_a_server_that_is_closed_ends_what_waits_for_an_answer(server: CatalogServer, upstream: Upstream) -> None:
    with connected(server) as client:
        client.sendall(written(Message(CALL, "silent", 1, {})))
        assert upstream.told.wait(PATIENCE)
        server.close()
        assert upstream.ended.wait(PATIENCE)
