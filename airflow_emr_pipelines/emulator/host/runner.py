"""Run steps and bootstrap actions as real processes; the only module that knows there is a process."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import shutil
import signal
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from airflow_emr_pipelines.emulator.host import configurations
from airflow_emr_pipelines.emulator.host.catalog.glue import GlueCatalog
from airflow_emr_pipelines.emulator.host.catalog.of_cluster import ClusterCatalogs
from airflow_emr_pipelines.emulator.host.catalog.places import Places
from airflow_emr_pipelines.emulator.host.cloud_watch import CloudWatchLogs
from airflow_emr_pipelines.emulator.host.execution import Destination, Execution, Host
from airflow_emr_pipelines.emulator.host.guard import MARK, Guard, Trace, kill_until_gone
from airflow_emr_pipelines.emulator.host.history import SparkHistory
from airflow_emr_pipelines.emulator.host.home import ClusterHome
from airflow_emr_pipelines.emulator.host.java import Java, MissingExtra
from airflow_emr_pipelines.emulator.host.logs import StepLog
from airflow_emr_pipelines.emulator.host.memory import Memory
from airflow_emr_pipelines.emulator.host.metastore import Metastore
from airflow_emr_pipelines.emulator.host.run_records import ClusterSetup, Outcome, StepRun
from airflow_emr_pipelines.emulator.host.steps import shell
from airflow_emr_pipelines.emulator.host.steps.command_runner import interpret
from airflow_emr_pipelines.emulator.host.steps.launch import Launch, Node
from airflow_emr_pipelines.emulator.s3.store import ObjectStore

__all__ = ["ClusterSetup", "Outcome", "Runner", "StepRun"]

logger = logging.getLogger(__name__)

_MOST_CORES = 4


@dataclass
class _Cluster:
    home: ClusterHome
    configuration: configurations.ClusterConfiguration
    catalogs: ClusterCatalogs
    started_ms: int
    applications: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    running: dict[str, Execution] = field(default_factory=dict)
    bootstrapped: list[Execution] = field(default_factory=list)  # whose strays live as long as the cluster

    async def kill(self) -> None:
        """End what runs, and wait until it needs its folders no more."""
        running = list(self.running.values())
        for execution in running:
            await execution.cancel(signal.SIGKILL)
        await asyncio.gather(*(execution.over.wait() for execution in running))
        await asyncio.gather(*(execution.end_strays() for execution in self.bootstrapped))
        await asyncio.to_thread(self.catalogs.close)
        await self.catalogs.metastore.close()

    def new_application_id(self) -> str:
        return f"application_{self.started_ms}_{next(self.applications):04d}"


class Runner:
    """Runs the steps of all clusters of one emulator."""

    def __init__(self, data_dir: Path, s3: ObjectStore, endpoint: str, memory_mib: int | None = None) -> None:
        self._data_dir = data_dir.resolve()
        self._endpoint = endpoint
        self._mark = uuid.uuid4().hex
        guard = Guard(self._mark)
        self.history = SparkHistory(self._data_dir / "history", guard, f"{self._mark}/history")
        self._host = Host(guard, Memory(memory_mib), s3, self.history)
        self._clusters: dict[str, _Cluster] = {}
        self._started_ms = 0
        self._warming: asyncio.Task[None] | None = None
        # What an emulator left that was killed.
        shutil.rmtree(self._data_dir / "clusters", ignore_errors=True)
        try:
            Java.find()
        except MissingExtra as missing:
            logger.warning("Steps that want Spark 3.5 will fail: %s", missing)

    async def prepare(self, setup: ClusterSetup) -> None:
        """Make the cluster's private home and environment."""
        home = ClusterHome(self._data_dir / "clusters" / setup.cluster_id, f"{self._mark}/{setup.cluster_id}")
        await asyncio.to_thread(home.make, setup.why_lacking("Hadoop"))
        self._started_ms = max(time.time_ns() // 1_000_000, self._started_ms + 1)  # no two clusters share one
        configuration = configurations.read(setup.configurations)
        catalogs = self._catalogs(setup, home, configuration.warehouse(home.hdfs))
        self._clusters[setup.cluster_id] = _Cluster(home, configuration, catalogs, self._started_ms)
        if self._warming is None and setup.applications & {"spark", "hive"}:
            self._warming = asyncio.create_task(self._warm_up())

    def _catalogs(self, setup: ClusterSetup, home: ClusterHome, warehouse: str) -> ClusterCatalogs:
        s3, environment = self._host.s3, {MARK: f"{home.mark}/metastore"}
        metastore = Metastore(home.folder / "metastore", s3, home.hdfs, warehouse, self._host.guard, environment)
        places = Places(s3, home.hdfs, setup.cluster_id)
        return ClusterCatalogs(metastore, lambda: GlueCatalog(self._endpoint, setup.region, places, warehouse))

    def reconfigure(self, setup: ClusterSetup) -> None:
        """Let the cluster's configurations hold for what is started from now on."""
        self._clusters[setup.cluster_id].configuration = configurations.read(setup.configurations)

    async def bootstrap(self, setup: ClusterSetup, index: int, name: str, script: str, args: Sequence[str]) -> Outcome:
        """Run one bootstrap action to its end; `index` counts from 1. What it leaves running stays with the cluster."""
        instance = setup.primary_instance_id or f"i-{setup.cluster_id.removeprefix('j-').lower()}"
        destination = Destination(setup.log_uri, setup.cluster_id, f"node/{instance}/bootstrap-actions/{index}")

        def launch(node: Node) -> Launch:
            return replace(shell.bootstrap_action(node, script, args), work=node.home.home)

        title = f"bootstrap action {index}, {name}: {script}"
        return await self._execute(setup, f"bootstrap-{index}", title, launch, destination, keep_strays=True)

    async def run(self, setup: ClusterSetup, step: StepRun) -> Outcome:
        """Run a step; returns when its process group is gone and its logs are stored in S3."""
        asked = setup.cloud_watch
        cloud_watch = None if asked is None else CloudWatchLogs(self._endpoint, setup.region, asked)
        below = f"steps/{step.step_id}"
        destination = Destination(step.log_uri or setup.log_uri, setup.cluster_id, below, cloud_watch)
        title = f"Created Runner for step {step.step_id}, {step.name}: {step.jar} {' '.join(step.args)}"
        if step.execution_role is not None:
            title += f", with the runtime role {step.execution_role}"
        return await self._execute(setup, step.step_id, title, lambda node: interpret(node, step), destination)

    async def _execute(
        self,
        setup: ClusterSetup,
        identity: str,
        title: str,
        launch: Callable[[Node], Launch],
        destination: Destination,
        *,
        keep_strays: bool = False,
    ) -> Outcome:
        cluster = self._clusters[setup.cluster_id]
        environment = cluster.home.environment(self._endpoint, setup.region, identity)
        folder = cluster.home.step_folder(identity)
        cluster.home.tell_info(setup.node_info)
        log = StepLog(folder / "logs")
        log.say(title)
        # Known before anything is waited for: whoever cancels it from now on is heard.
        execution = cluster.running[identity] = Execution(
            self._host, log, environment, destination, cluster.new_application_id
        )
        try:
            node = await self._node(setup, cluster, folder)
            return await execution.run(lambda: launch(node), keep_strays=keep_strays)
        finally:
            if keep_strays:
                cluster.bootstrapped.append(execution)
            execution.over.set()
            del cluster.running[identity]

    async def _node(self, setup: ClusterSetup, cluster: _Cluster, folder: Path) -> Node:
        return Node(
            setup=setup,
            configuration=cluster.configuration,
            home=cluster.home,
            folder=folder,
            s3=self._host.s3,
            memory=self._host.memory,
            catalogs=cluster.catalogs,
            cores=max(1, min(_MOST_CORES, os.cpu_count() or 1)),
            new_application_id=cluster.new_application_id,
        )

    async def cancel(self, step_id: str, *, kill: bool) -> None:
        """Send SIGTERM, or SIGKILL when `kill`, to the whole process group of a running step."""
        for cluster in list(self._clusters.values()):
            if step_id in cluster.running:
                await cluster.running[step_id].cancel(signal.SIGKILL if kill else signal.SIGTERM)

    async def release(self, cluster_id: str) -> None:
        """The cluster has ended: kill what is left of it and remove its home."""
        cluster = self._clusters.pop(cluster_id, None)
        if cluster is not None:
            await cluster.kill()
            await asyncio.to_thread(kill_until_gone, [Trace(cluster.home.mark)])
            await asyncio.to_thread(cluster.home.remove)

    async def close(self) -> None:
        """Kill everything and free what the runner holds."""
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        for cluster in list(self._clusters.values()):
            await cluster.kill()
        await self.history.close()
        await asyncio.to_thread(kill_until_gone, [Trace(self._mark)])
        await asyncio.to_thread(shutil.rmtree, self._data_dir / "clusters", ignore_errors=True)
        await asyncio.to_thread(self._host.guard.close)

    async def _warm_up(self) -> None:
        try:
            java = Java.find()
        except MissingExtra:
            return
        self._host.guard.start()
        await java.warm_up({"PATH": os.environ.get("PATH", os.defpath), MARK: f"{self._mark}/warm-up"})
