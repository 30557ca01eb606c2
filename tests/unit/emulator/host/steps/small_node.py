"""A node whose steps are prepared and not started."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from airflow_emr_pipelines.emulator.host import configurations
from airflow_emr_pipelines.emulator.host.catalog.glue import GlueCatalog
from airflow_emr_pipelines.emulator.host.catalog.of_cluster import ClusterCatalogs
from airflow_emr_pipelines.emulator.host.catalog.places import Places
from airflow_emr_pipelines.emulator.host.guard import Guard
from airflow_emr_pipelines.emulator.host.home import ClusterHome
from airflow_emr_pipelines.emulator.host.memory import Memory
from airflow_emr_pipelines.emulator.host.metastore import Metastore
from airflow_emr_pipelines.emulator.host.run_records import ClusterSetup, StepRun
from airflow_emr_pipelines.emulator.host.steps.command_runner import interpret
from airflow_emr_pipelines.emulator.host.steps.launch import Launch, Node
from airflow_emr_pipelines.emulator.s3.store import ObjectStore

BUCKET = "apps"


@contextmanager
def small_node(
    folder: Path,
    label: str = "emr-7.10.0",
    configured: Sequence[Mapping[str, Any]] = (),
    objects: Mapping[str, bytes] | None = None,
) -> Iterator[Node]:
    """A node of a cluster with Spark and Hive, and a bucket with objects."""
    info = {"instance": {"isMaster": True}, "job-flow": {}}
    setup = ClusterSetup("j-A", "a", label, "us-east-1", frozenset({"spark", "hive"}), configured, node_info=info)
    home = ClusterHome(folder / "clusters" / "j-A", "mark")
    home.make(setup.why_lacking("Hadoop"))
    with closing(ObjectStore(folder / "s3")) as s3:
        s3.save_bucket(BUCKET, {})
        for key, content in (objects or {}).items():
            s3.put(BUCKET, key, content)
        places = Places(s3, home.hdfs, "j-A")

        async def metastore() -> Metastore:
            return Metastore(folder / "metastore", s3, home.hdfs, "file:/warehouse", Guard("mark"), {})

        catalogs = ClusterCatalogs(
            asyncio.run(metastore()), lambda: GlueCatalog("http://127.0.0.1:1", "us-east-1", places, "file:/warehouse")
        )
        with closing(catalogs):
            yield Node(
                setup=setup,
                configuration=configurations.read(configured),
                home=home,
                folder=home.step_folder("s-A"),
                s3=s3,
                memory=Memory(4096),
                catalogs=catalogs,
                cores=1,
                new_application_id=lambda: "application_1_0001",
            )


def command(node: Node, *words: str) -> Launch:
    """What a step of command-runner.jar is."""
    return step(node, "command-runner.jar", *words)


def step(node: Node, jar: str, *words: str) -> Launch:
    return interpret(node, StepRun("j-A", "s-A", "a", jar, args=words))
