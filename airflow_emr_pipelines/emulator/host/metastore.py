"""Hive's own metastore, one for each cluster whose steps use it, started by its first user.

Hive's own main program would listen on all interfaces of the machine; here its parts are put together through py4j, on
the loopback interface.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from airflow_emr_pipelines.emulator.host import hadoop
from airflow_emr_pipelines.emulator.host.guard import Guard, kill_group
from airflow_emr_pipelines.emulator.host.java import Java
from airflow_emr_pipelines.emulator.s3.store import ObjectStore

_HEAP_MIB = 256
_LOOPBACK = "127.0.0.1"
_PATIENCE_SECONDS = 60.0


class Metastore:
    """The catalog of databases and tables of one cluster, which ends with it."""

    def __init__(
        self, folder: Path, s3: ObjectStore, hdfs: Path, warehouse: str, guard: Guard, environment: Mapping[str, str]
    ) -> None:
        self.folder = folder
        self._s3, self._hdfs, self._warehouse = s3, hdfs, warehouse
        self._guard, self._environment = guard, environment
        self._process: asyncio.subprocess.Process | None = None
        self._gateway: Any = None
        self._port: int | None = None
        self._starting = asyncio.Lock()
        self._mounted: frozenset[str] = frozenset()
        self._loop = asyncio.get_running_loop()
        self._closed = False

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def mount(self, buckets: Iterable[str]) -> None:
        """Let a running metastore know the buckets that there are now: it makes the folders of databases and tables."""
        now = frozenset(buckets)
        if now != self._mounted and self._gateway is not None and self.pid is not None:
            self._write_settings(now)
            await asyncio.to_thread(self._gateway.jvm.org.apache.hadoop.conf.Configuration.reloadExistingConfigurations)

    async def start(self, buckets: Iterable[str]) -> int:
        """Start it unless it runs; returns its own port."""
        async with self._starting:
            if self._closed:
                raise RuntimeError("the cluster of this metastore has ended")
            if self.pid is None or self._port is None:
                self._write_settings(frozenset(buckets))
                self._port = await self._launch()
            return self._port

    def _write_settings(self, buckets: frozenset[str]) -> None:
        core = hadoop.core_site(self._s3.root, buckets, self._hdfs)
        hadoop.write_settings(self.folder / "conf", core, self._hive_settings())
        self._mounted = buckets

    def _hive_settings(self) -> dict[str, str]:
        return {
            "javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={self.folder / 'derby'};create=true",
            "datanucleus.schema.autoCreateAll": "true",
            "hive.metastore.schema.verification": "false",
            "hive.metastore.warehouse.dir": self._warehouse,
            "hive.metastore.uris": "",
        }

    async def _launch(self) -> int:
        java = Java.find_with_any_spark()
        (self.folder / "tmp").mkdir(parents=True, exist_ok=True)
        command = java.command(
            "py4j.GatewayServer",
            ["--die-on-broken-pipe", "--enable-auth", "0"],
            heap_mib=_HEAP_MIB,
            conf=self.folder / "conf",
            options=[
                f"-Djava.io.tmpdir={self.folder / 'tmp'}",
                f"-Dderby.system.home={self.folder}",
                # log4j's default selector finds no context for the threads of this gateway.
                "-Dlog4j2.contextSelector=org.apache.logging.log4j.core.selector.BasicContextSelector",
                "-XX:+UseSerialGC",
            ],
        )
        with (self.folder / "metastore.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=self.folder,
                env=dict(self._environment),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self._guard.watch(process.pid)
        self._process = process
        try:
            return await asyncio.wait_for(self._serve(process), _PATIENCE_SECONDS)
        except Exception as error:
            await self._end()
            raise RuntimeError(f"the Hive metastore did not start; see {self.folder / 'metastore.log'}") from error

    async def _serve(self, process: asyncio.subprocess.Process) -> int:
        assert process.stdout is not None
        gateway_port, token = int(await process.stdout.readline()), (await process.stdout.readline()).decode().strip()
        return await asyncio.to_thread(self._assemble, gateway_port, token)

    def _assemble(self, gateway_port: int, token: str) -> int:
        from py4j.java_gateway import GatewayParameters, JavaGateway

        # It reports each broken connection as an error, and every connection breaks when the metastore is stopped.
        logging.getLogger("py4j").setLevel(logging.CRITICAL)
        self._gateway = JavaGateway(gateway_parameters=GatewayParameters(port=gateway_port, auth_token=token))
        jvm = self._gateway.jvm
        hive, thrift = jvm.org.apache.hadoop.hive, jvm.org.apache.thrift
        conf = hive.conf.HiveConf()
        handler = hive.metastore.HiveMetaStore.HMSHandler("metastore", conf, False)
        shared = hive.metastore.RetryingHMSHandler.getProxy(conf, handler, True)
        transport = thrift.transport.TServerSocket(jvm.java.net.InetSocketAddress(_LOOPBACK, 0))
        port: int = transport.getServerSocket().getLocalPort()
        arguments = thrift.server.TThreadPoolServer.Args(transport)
        arguments.processor(hive.metastore.TSetIpAddressProcessor(shared))
        arguments.transportFactory(thrift.transport.TTransportFactory())
        # Strict: it talks to nobody whose calls do not begin with the version.
        arguments.protocolFactory(thrift.protocol.TBinaryProtocol.Factory(True, True))
        server = thrift.server.TThreadPoolServer(arguments)
        threading.Thread(target=self._serve_until_killed, args=(server,), daemon=True).start()
        return port

    def _serve_until_killed(self, server: Any) -> None:
        with contextlib.suppress(Exception):  # the connection breaks when the JVM is killed
            server.serve()

    def port(self) -> int:
        """Its port, for other threads than the event loop's; it is started unless it runs.

        :raises RuntimeError: it did not start
        """
        return asyncio.run_coroutine_threadsafe(self.start(self._s3.buckets()), self._loop).result()

    async def close(self) -> None:
        """Stop it; it is not started again."""
        self._closed = True
        await self._end()

    async def _end(self) -> None:
        process, self._process, self._port = self._process, None, None
        if self._gateway is not None:
            with contextlib.suppress(Exception):
                await asyncio.to_thread(self._gateway.close)
            self._gateway = None
        if process is not None:
            kill_group(process.pid)
            await process.wait()
            self._guard.forget(process.pid)
