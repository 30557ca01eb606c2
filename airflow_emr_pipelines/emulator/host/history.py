"""Spark's own history server over what the Spark applications of all clusters logged of themselves.

It is started by its first user and stopped when nobody has used it for a while; the logs stay as long as their clusters
are known.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import logging
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from airflow_emr_pipelines.emulator.host.guard import MARK, Guard, kill_group
from airflow_emr_pipelines.emulator.host.java import Java

logger = logging.getLogger(__name__)

_LOOPBACK = "127.0.0.1"
_HEAP_MIB = 256
_PATIENCE_SECONDS = 60.0
_NOTHING_LISTED_SECONDS = 60.0
_LOOK_AGAIN_SECONDS = 0.1
_ANSWER_SECONDS = 60.0
_IDLE_SECONDS = 600.0
_STARTED = re.compile(rb"started at http://[^:\s]+:(\d+)")
_APPLICATION_START = b'"Event":"SparkListenerApplicationStart"'
_UNFINISHED = ".inprogress"
_SETTINGS = {
    "spark.history.ui.port": "0",
    "spark.history.fs.update.interval": "1s",
    "spark.history.retainedApplications": "5",
}


@dataclass(frozen=True)
class Page:
    """What the server answered."""

    status: int
    content: bytes
    content_type: str
    location: str | None = None


class SparkHistory:
    """The event logs of all clusters, and the server that shows them.

    :param folder: where the logs are kept
    :param mark: what the server carries in its environment, by which the guard knows it
    :param idle_seconds: how long it stays when nobody asks it for anything
    """

    def __init__(self, folder: Path, guard: Guard, mark: str, idle_seconds: float = _IDLE_SECONDS) -> None:
        self.folder = folder
        self._guard, self._mark, self._idle_seconds = guard, mark, idle_seconds
        self._applications: dict[str, set[str]] = {}
        self._unlisted: set[str] = set()
        self._process: asyncio.subprocess.Process | None = None
        self._port: int | None = None
        self._starting = asyncio.Lock()
        self._waking: asyncio.Task[int] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._requests = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    def applications(self, cluster_id: str) -> frozenset[str]:
        """The ids of the applications of a cluster that there is a log of."""
        return frozenset(self._applications.get(cluster_id, ()))

    def know(self, applications: Mapping[str, Iterable[str]]) -> None:
        """Go on with the logs of these applications, by their clusters; others are of an emulator that was killed."""
        for log in self.folder.glob("application_*"):
            application_id = log.name.removesuffix(_UNFINISHED)
            clusters = [one for one, ids in applications.items() if application_id in ids]
            for cluster_id in clusters:
                self._applications.setdefault(cluster_id, set()).add(application_id)
            if not clusters:
                log.unlink()

    def keep(self, cluster_id: str, written: Path, first: str, more: Callable[[], str]) -> list[str]:
        """Take over the logs that one step has written to a folder; returns the ids of their applications.

        Spark in local mode names its applications itself. Here they get the ids that YARN would have given them: the
        first is known already, and each further one is asked for.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        ids: list[str] = []
        logs = sorted(path for path in written.iterdir() if path.name[0] != ".")  # the oldest first, by their names
        for log in logs:
            name, unfinished, _ = log.name.partition(_UNFINISHED)
            application_id = more() if ids else first
            if _rename(log, self.folder / f"{application_id}{unfinished}", name, application_id):
                ids.append(application_id)
        self._applications.setdefault(cluster_id, set()).update(ids)
        self._unlisted.update(ids)
        return ids

    def wake(self) -> bool:
        """Whether the server shows all that is kept; if not, it is started, or waited for, in the background.

        :raises MissingExtra: there is no Java or no Spark to start it with
        """
        Java.find_with_any_spark()
        if self.pid is not None and self._port is not None and not self._unlisted:
            return True
        if self._waking is None or self._waking.done():
            self._waking = asyncio.get_running_loop().create_task(self.open())
            self._waking.add_done_callback(_log_failure)
        return False

    async def open(self) -> int:
        """Start the server unless it runs; returns its port as soon as it lists what is kept."""
        async with self._starting:
            if self.pid is None or self._port is None:
                await self._end()
                self._unlisted.update(*self._applications.values())
                self._port = await self._launch()
            await self._until_listed(self._port)
            self._stop_when_idle()
            return self._port

    async def get(self, path: str, context: str = "") -> Page:
        """A page of the server, with links for a reader who has it below ``context``."""
        self._requests += 1
        try:
            port = await self.open()
            return await asyncio.to_thread(_get, port, path, context)
        finally:
            self._requests -= 1
            self._stop_when_idle()

    async def close(self) -> None:
        """Stop the server; the logs stay."""
        if self._waking is not None:
            self._waking.cancel()
            await asyncio.gather(self._waking, return_exceptions=True)
        async with self._starting:
            if self._idle is not None:
                self._idle.cancel()
            await self._end()

    async def _launch(self) -> int:
        java = Java.find_with_any_spark()
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = {**_SETTINGS, "spark.history.fs.logDirectory": self.folder.as_uri()}
        command = java.command(
            "org.apache.spark.deploy.history.HistoryServer",
            heap_mib=_HEAP_MIB,
            options=["-XX:+UseSerialGC", *(f"-D{name}={value}" for name, value in settings.items())],
        )
        environment = {"PATH": os.environ.get("PATH", os.defpath), "JAVA_HOME": str(java.home), MARK: self._mark}
        self._process = await asyncio.create_subprocess_exec(
            *command,
            cwd=self.folder,
            env={**environment, "SPARK_LOCAL_IP": _LOOPBACK},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        self._guard.watch(self._process.pid)
        assert self._process.stderr is not None
        port_found: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(_read(self._process.stderr, port_found))
        try:
            return await asyncio.wait_for(port_found, _PATIENCE_SECONDS)
        except BaseException:
            await self._end()
            raise

    async def _until_listed(self, port: int) -> None:
        """Wait until the server has found what is kept: it looks time and again, and reads one log after another."""
        listed_at = time.monotonic()
        while self._unlisted:
            page = await asyncio.to_thread(_get, port, "/api/v1/applications", "")
            if listed := self._unlisted & {one["id"] for one in json.loads(page.content)}:
                self._unlisted -= listed
                listed_at = time.monotonic()
            elif time.monotonic() > listed_at + _NOTHING_LISTED_SECONDS:
                logger.warning("Spark's history server does not list %s.", ", ".join(sorted(self._unlisted)))
                self._unlisted.clear()
            else:
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    def _stop_when_idle(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(self._idle_seconds, self._stop)

    def _stop(self) -> None:
        self._stopping = asyncio.get_running_loop().create_task(self._end_unless_used())

    async def _end_unless_used(self) -> None:
        async with self._starting:
            if not self._requests:
                await self._end()

    async def _end(self) -> None:
        process, self._process, self._port = self._process, None, None
        if process is not None:
            kill_group(process.pid)
            await process.wait()
            self._guard.forget(process.pid)
        if self._reading is not None:
            await asyncio.gather(self._reading, return_exceptions=True)
            self._reading = None


def _rename(log: Path, to: Path, name: str, application_id: str) -> bool:
    """Move a log, and let it name its application differently; False if it does not say when that started."""
    with log.open("rb") as source, to.open("wb") as target:
        for line in source:
            target.write(line.replace(name.encode(), application_id.encode()))
            if _APPLICATION_START in line:
                shutil.copyfileobj(source, target)
                return True
    to.unlink()
    return False


async def _read(lines: asyncio.StreamReader, port_found: asyncio.Future[int]) -> None:
    """Read what the server says of itself: first its port, and to the end, so that it never waits for a reader."""
    last = b""
    while line := await lines.readline():
        last = line
        if not port_found.done() and (found := _STARTED.search(line)):
            port_found.set_result(int(found.group(1)))
    if not port_found.done():
        port_found.set_exception(RuntimeError(f"Spark's history server did not start: {last.decode(errors='replace')}"))


def _get(port: int, path: str, context: str) -> Page:
    connection = http.client.HTTPConnection(_LOOPBACK, port, timeout=_ANSWER_SECONDS)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"X-Forwarded-Context": context} if context else {})
        response = connection.getresponse()
        kind = response.getheader("Content-Type", "application/octet-stream")
        return Page(response.status, response.read(), kind, response.getheader("Location"))


def _log_failure(task: asyncio.Task[int]) -> None:
    if not task.cancelled() and (fault := task.exception()):
        logger.error("Spark's history server: %s", fault)
