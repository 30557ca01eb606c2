"""The stock amazon provider: its hook, operators, sensors and triggers, none of which knows of the emulator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.integration.clients.conftest import output_of
from tests.integration.emulator.region import Region, request, states

SCRIPT = ROOT / "tests" / "integration" / "clients" / "stock_operators.py"


@pytest.fixture(scope="module")
def lives(region: Region, programs: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the operators answered in each of their modes."""
    folder = tmp_path_factory.mktemp("stock")
    environment = {
        "PATH": "/usr/bin:/bin",
        "AIRFLOW_HOME": str(folder),
        "TMPDIR": str(folder),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW_CONN_EMR_DEFAULT": json.dumps({"conn_type": "emr", "extra": request(Name="of the connection")}),
        "AWS_ENDPOINT_URL": region.url,
        "AWS_ACCESS_KEY_ID": "stock",
        "AWS_SECRET_ACCESS_KEY": "stock",
        "AWS_DEFAULT_REGION": region.name,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    told = output_of([str(programs / "python"), "-W", "ignore", str(SCRIPT)], environment)
    found: dict[str, dict[str, Any]] = json.loads(told.splitlines()[-1])
    return found


@pytest.mark.parametrize("mode", ["deferred", "waiting"])
def test_a_cluster_lives_its_life_by_stock_operators(lives: dict[str, Any], region: Region, mode: str) -> None:
    life = lives[mode]
    assert region.describe(life["cluster"])["Name"] == f"stock {mode}"
    assert region.describe(life["cluster"])["StepConcurrencyLevel"] == life["concurrency"] == 5
    assert states(region.steps(life["cluster"])) == ["COMPLETED"] * 4 + ["FAILED"]
    for cluster in (life["cluster"], life["passing"]):
        assert region.describe(cluster)["Status"]["State"] == "TERMINATED"
    assert life["found_by_name"] == life["cluster"]
    assert "no luck" in life["complaint"]
    assert life["pushed"] == ["cluster_id", "emr_cluster", "emr_logs", "job_flow_id"]


def test_every_stock_trigger_of_emr_on_ec2_has_waited(lives: dict[str, Any]) -> None:
    assert lives["waiting"]["deferred"] == []
    assert lives["deferred"]["deferred"] == [
        "EmrCreateJobFlowOperator: EmrCreateJobFlowTrigger",
        "EmrAddStepsOperator: EmrAddStepsTrigger",
        "EmrStepSensor: EmrStepSensorTrigger",
        "EmrStepSensor: EmrStepSensorTrigger",
        "EmrTerminateJobFlowOperator: EmrTerminateJobFlowTrigger",
        "EmrJobFlowSensor: EmrTerminateJobFlowTrigger",
    ]
