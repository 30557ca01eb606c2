"""Where the example DAGs run in tests: an emulator with their input, and what a run left there."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from local.local_emulator import LocalEmulator
from local.seed import Landed
from tests.airflow_of import DagBag, make_known
from tests.conftest import DAGS, clusters_of
from tests.costly import DAY

__all__ = ["DAY", "Run", "Stage"]


@dataclass(frozen=True)
class Run:
    """What a run came to, with the states of its tasks and, in order, of the steps of the clusters that it made."""

    state: str
    tasks: dict[str, str]
    steps: dict[str, str]
    clusters_alive: int
    dag_run: Any

    def xcom(self, task_id: str, key: str = "return_value") -> Any:
        """What a task left for others."""
        return self.dag_run.get_task_instance(task_id).xcom_pull(task_ids=task_id, key=key)


class Stage:
    """An emulator with the job scripts and a day of flights, and the example DAGs to run there.

    The day is 2013-01-01, with planted faults. More input of other days: ``seed([…], s3_client=stage.s3)``.
    """

    def __init__(self, emulator: LocalEmulator, landed: Landed) -> None:
        self.landed, self.emulator = landed, emulator
        self.s3, self.emr = emulator.client("s3"), emulator.client("emr")

    @cached_property
    def dags(self) -> dict[str, Any]:
        bag = DagBag(str(DAGS))
        make_known(bag, "examples")
        return dict(bag.dags)

    def run(self, dag_id: str, **arguments: Any) -> Run:
        """A run of the DAG by ``dag.test``: its arguments are logical_date, run_conf …"""
        before = {cluster["Id"] for cluster in clusters_of(self.emr)}
        run = self.dags[dag_id].test(**arguments)
        made = [cluster for cluster in clusters_of(self.emr) if cluster["Id"] not in before]
        tasks = {
            ti.task_id.removeprefix("pipeline.") + (f"[{ti.map_index}]" if ti.map_index >= 0 else ""): str(ti.state)
            for ti in run.get_task_instances()
        }
        steps = [step for cluster in made for step in self.steps(cluster["Id"])]
        return Run(
            str(run.state),
            tasks,
            {step["Name"].rpartition(" [")[0]: step["Status"]["State"] for step in steps},
            sum(not cluster["Status"]["State"].startswith("TERMINATED") for cluster in made),
            run,
        )

    def steps(self, cluster_id: str) -> list[dict[str, Any]]:
        """The steps of a cluster, the oldest first."""
        pages = self.emr.get_paginator("list_steps").paginate(ClusterId=cluster_id)
        return [step for page in pages for step in page["Steps"]][::-1]

    def keys(self, bucket: str, prefix: str = "") -> dict[str, Any]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return {found["Key"]: found["LastModified"] for page in pages for found in page.get("Contents", [])}

    def json(self, bucket: str, key: str) -> Any:
        return json.loads(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def lines(self, bucket: str, key: str) -> list[str]:
        return list(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode().splitlines())

    def parquet(self, bucket: str, prefix: str) -> pd.DataFrame:
        found = [key for key in self.keys(bucket, prefix) if key.endswith(".parquet")]
        bodies = [self.s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in found]
        return pd.concat([pd.read_parquet(io.BytesIO(body)) for body in bodies], ignore_index=True)
