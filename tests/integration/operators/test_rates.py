"""A DAG in an account whose rates others have used up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.local_emulator import LocalEmulator
from tests.conftest import clusters_of
from tests.integration.emulator.region import Region
from tests.integration.operators.conftest import states


@pytest.fixture
def emulator(limited_emulator: LocalEmulator) -> LocalEmulator:
    return limited_emulator


def use_up(call: Callable[[], Any]) -> None:
    """Call until the call itself, and not what it asks for, is refused."""
    while True:
        try:
            call()
        except ClientError as error:
            if error.response["Error"]["Code"] == "ThrottlingException":
                return


def test_a_dag_ends_well_although_every_look_is_throttled_at_first(
    run_dag: Callable[..., Any], emulator: LocalEmulator, capfd: pytest.CaptureFixture[str]
) -> None:
    emr, others = emulator.client("emr"), Region(emulator.url, "us-east-1").emr
    before = {cluster["Id"] for cluster in clusters_of(emr)}
    use_up(lambda: others.list_steps(ClusterId="j-NONE"))
    use_up(lambda: others.describe_cluster(ClusterId="j-NONE"))
    dag_run = run_dag("a_cluster_of_its_own")
    assert set(states(dag_run).values()) == {"success"}, "".join(capfd.readouterr())
    (cluster_id,) = {cluster["Id"] for cluster in clusters_of(emr)} - before
    steps = emr.list_steps(ClusterId=cluster_id)["Steps"]
    assert [step["Status"]["State"] for step in steps] == ["COMPLETED"]
