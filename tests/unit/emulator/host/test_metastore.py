"""A cluster's metastore whose JVM has died."""

from __future__ import annotations

import asyncio
from pathlib import Path

from py4j.java_gateway import GatewayParameters, JavaGateway

from airflow_emr_pipelines.emulator.host.guard import Guard
from airflow_emr_pipelines.emulator.host.metastore import Metastore
from airflow_emr_pipelines.emulator.s3.store import ObjectStore


def test_a_new_bucket_is_nothing_to_a_metastore_that_has_died(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = ObjectStore(tmp_path / "s3")
        metastore = Metastore(tmp_path / "metastore", store, tmp_path / "hdfs", "/warehouse", Guard("test"), {})
        metastore._process = await asyncio.create_subprocess_exec("true")
        metastore._gateway = JavaGateway(gateway_parameters=GatewayParameters(port=9))
        await metastore._process.wait()
        await metastore.mount(["made-since"])
        assert metastore.pid is None
        store.close()

    asyncio.run(scenario())
