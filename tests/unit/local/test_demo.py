"""What the demo watches while its run goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from airflow_emr_pipelines.emulator.host.java import UnfitJava
from local.demo import arguments, run, watch
from local.errors import BrokenDags
from local.progress import Progress


class Api:
    """A run that never ends, of a DAG that was read."""

    def trigger(self, dag_id: str, conf: object) -> str:
        return "run"

    def run_state(self, dag_id: str, run_id: str) -> str:
        return "running"

    def tasks(self, dag_id: str, run_id: str) -> list[object]:
        return []


class Airflow:
    """Its DAG's file becomes broken once the run has begun."""

    api = Api()

    def wait_for_dag(self, dag_id: str) -> None:
        return

    def log_of(self, name: str) -> Path:
        return Path(name)

    def check(self) -> None:
        return

    def check_dags(self) -> None:
        raise BrokenDags({"emr_daily_etl.py": "SyntaxError: half a word"})


class Emulator:
    """Has no clusters, and refuses the first look at them for its rates."""

    def __init__(self) -> None:
        self.log = Path("emulator.log")
        self.looks = 0

    def check(self) -> None:
        return

    def client(self, service: str) -> Any:
        return self

    def get_paginator(self, name: str) -> Any:
        return self

    def paginate(self) -> list[dict[str, list[object]]]:
        self.looks += 1
        if self.looks == 1:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "ListClusters")
        return [{"Clusters": []}]


def test_a_file_that_becomes_broken_while_the_run_goes_on_ends_the_demo_long_before_its_limit() -> None:
    airflow: Any = Airflow()
    emulator: Any = Emulator()
    with pytest.raises(BrokenDags, match="half a word"):
        watch(airflow, emulator, Progress(), "2013-01-01", timeout=20)
    assert emulator.looks > 1


def test_a_folder_without_java_is_refused_before_there_is_a_folder_for_the_demo(tmp_path: Path) -> None:
    options = arguments().parse_args(["--folder", str(tmp_path / "demos"), "--java-home", str(tmp_path)])
    with pytest.raises(UnfitJava, match="has no program bin/java"):
        run(options)
    assert list(tmp_path.iterdir()) == []
