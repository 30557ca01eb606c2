"""The catalogs that the steps of one cluster are led to, each opened by its first user."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from io import BufferedIOBase
from urllib.parse import urlsplit

from airflow_emr_pipelines.emulator.host.catalog.choice import Choice, Kind
from airflow_emr_pipelines.emulator.host.catalog.glue import GlueCatalog
from airflow_emr_pipelines.emulator.host.catalog.server import CannotAnswer, Catalog, CatalogServer
from airflow_emr_pipelines.emulator.host.catalog.thrift import Message, NotThrift, read_message, written
from airflow_emr_pipelines.emulator.host.hive.ends import Ends
from airflow_emr_pipelines.emulator.host.hive.view import HiveView
from airflow_emr_pipelines.emulator.host.metastore import Metastore

_LOOPBACK = "127.0.0.1"


class HiveMetastoreCatalog:
    """One connection to a metastore of Hive's.

    :param find: says where it listens, and starts the cluster's own, when something is asked
    """

    def __init__(self, find: Callable[[], tuple[str, int]]) -> None:
        self._find = find
        self._socket: socket.socket | None = None
        self._stream: BufferedIOBase | None = None
        self._closed = False

    def answer(self, call: Message) -> Message:
        try:
            if self._socket is None or self._stream is None:
                self._socket = socket.create_connection(self._find())
                self._stream = self._socket.makefile("rb")
            if self._closed:
                raise ConnectionAbortedError("the connection was closed")
            self._socket.sendall(written(call))
            answer = read_message(self._stream)
        except (OSError, RuntimeError, NotThrift) as error:
            raise CannotAnswer(f"{call.name}: {error}") from error
        if answer is None:
            raise CannotAnswer(f"{call.name}: the Hive metastore has ended")
        return answer

    def close(self) -> None:
        """Also while an answer is waited for: there will be none."""
        self._closed = True
        if self._socket is not None:
            with contextlib.suppress(OSError):  # who has gone
                self._socket.shutdown(socket.SHUT_RDWR)
        for held in (self._stream, self._socket):
            if held is not None:
                held.close()


class RefusedCatalog:
    """What a cluster has whose configured catalog cannot be had: each call is told why."""

    def __init__(self, words: str) -> None:
        self._words = words

    def answer(self, call: Message) -> Message:
        raise CannotAnswer(self._words)

    def close(self) -> None:
        """Nothing is held."""


class ClusterCatalogs:
    """Addresses for `hive.metastore.uris`, and what answers there."""

    def __init__(self, metastore: Metastore, new_glue: Callable[[], GlueCatalog]) -> None:
        self.metastore = metastore
        self._new_glue = new_glue
        self._servers: dict[tuple[Choice, bool], CatalogServer] = {}
        self.ends = Ends(metastore.folder.with_name("table-ends"))
        self._lock = threading.Lock()

    def uri(self, choice: Choice, *, for_hive: bool = False) -> str:
        """The address of a catalog, or of what Hive's own steps see of it; nothing is started behind it yet."""
        if choice.kind is Kind.EXTERNAL and not for_hive:
            return choice.words
        with self._lock:
            if (choice, for_hive) not in self._servers:
                self._servers[choice, for_hive] = CatalogServer(lambda: self._new(choice, for_hive))
            return self._servers[choice, for_hive].uri

    def _new(self, choice: Choice, for_hive: bool) -> Catalog:
        catalog = self._catalog(choice)
        return HiveView(catalog, self.ends) if for_hive else catalog

    def _catalog(self, choice: Choice) -> Catalog:
        if choice.kind is Kind.GLUE:
            return self._new_glue()
        if choice.kind is Kind.REFUSED:
            return RefusedCatalog(choice.words)
        if choice.kind is Kind.EXTERNAL:
            return HiveMetastoreCatalog(lambda: _first_of(choice.words))
        return HiveMetastoreCatalog(lambda: (_LOOPBACK, self.metastore.port()))

    def close(self) -> None:
        """Nothing listens afterwards."""
        with self._lock:
            for server in self._servers.values():
                server.close()
            self._servers.clear()


def _first_of(uris: str) -> tuple[str, int]:
    parts = urlsplit(uris.partition(",")[0])
    return parts.hostname or "", parts.port or 9083
