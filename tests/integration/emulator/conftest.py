"""The shared emulator, a region at a time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.local_emulator import LocalEmulator
from tests.integration.emulator.region import Region


@pytest.fixture(scope="module")
def region(emulator: LocalEmulator) -> Iterator[Region]:
    """A region of the module's own; what still lives there in the end is ended."""
    found = Region(emulator.url)
    yield found
    pages = found.emr.get_paginator("list_clusters").paginate(
        ClusterStates=["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING"]
    )
    for cluster in [cluster["Id"] for page in pages for cluster in page["Clusters"]]:
        found.emr.set_termination_protection(JobFlowIds=[cluster], TerminationProtected=False)
        found.emr.terminate_job_flows(JobFlowIds=[cluster])
