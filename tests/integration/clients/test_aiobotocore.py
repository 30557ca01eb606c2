"""aiobotocore, in a Python of its own."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import ROOT, clusters_of
from tests.integration.clients.conftest import output_of
from tests.integration.emulator.region import Region, request

SCRIPT = ROOT / "tests" / "integration" / "clients" / "asynchronous.py"


def test_aiobotocore_sees_a_cluster_through_its_life(
    programs: Path, environment: dict[str, str], region: Region
) -> None:
    asked = json.dumps(request(Name="by aiobotocore", StepConcurrencyLevel=10))
    told = json.loads(output_of([str(programs / "python"), str(SCRIPT), asked], environment))
    assert told.pop("cluster") in [found["Id"] for found in clusters_of(region.emr)]
    assert told == {"described": True, "pages": [50, 10], "refused": "InvalidRequestException"}
