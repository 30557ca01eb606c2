"""What became of clusters outlives the emulator, for as long as AWS tells of them."""

from __future__ import annotations

import asyncio
import os
import pickle
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from airflow_emr_pipelines.emulator.ec2.kept import FORM, KEPT, KeptClusters
from airflow_emr_pipelines.emulator.ec2.model import Cluster
from airflow_emr_pipelines.emulator.host.history import SparkHistory
from tests.unit.emulator.ec2.small_world import COMPLETED, SmallWorld, state, step


class ToldHistory:
    """A history that says of which applications it was told."""

    def __init__(self) -> None:
        self.known: Mapping[str, Any] = {}

    def know(self, applications: Mapping[str, Any]) -> None:
        self.known = applications


class World(SmallWorld):
    """With a file."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.history = ToldHistory()
        self.clusters = self.kept = KeptClusters(folder / "ended", cast(SparkHistory, self.history), self.clock)
        self.lifecycles.told_of_ends = self.kept.keep


async def ended(world: World) -> Cluster:
    """A cluster that has run a step."""
    cluster = await world.run_job_flow(step(), keep_alive=False, Tags=[{"Key": "of", "Value": "a run"}])
    await world.end(cluster.steps[0], replace(COMPLETED, application_ids=("application_1_0001",)))
    await world.clock.advance(1)
    assert state(cluster) == "TERMINATED"
    return cluster


def test_what_has_ended_is_told_as_before_and_what_lives_is_lost(tmp_path: Path) -> None:
    async def scenario() -> None:
        world = World(tmp_path)
        first, _, second = await ended(world), await world.run_job_flow(), await ended(world)
        again = World(tmp_path)
        assert [cluster.id for cluster in again.clusters.all()] == [first.id, second.id]
        for operation in ("DescribeCluster", "ListSteps", "ListInstances", "ListInstanceGroups"):
            before = await world.call(operation, ClusterId=first.id)
            assert await again.call(operation, ClusterId=first.id) == before
        assert again.history.known == {one.id: ["application_1_0001"] for one in (first, second)}

    asyncio.run(scenario())


def test_a_file_that_an_end_has_torn_gives_what_it_has(tmp_path: Path) -> None:
    async def scenario() -> None:
        world = World(tmp_path)
        first = await ended(world)
        whole = (tmp_path / "ended").read_bytes()
        await ended(world)
        (tmp_path / "ended").write_bytes((tmp_path / "ended").read_bytes()[: len(whole) + 50])
        for _ in range(2):
            assert [cluster.id for cluster in World(tmp_path).clusters.all()] == [first.id]
            assert (tmp_path / "ended").stat().st_size < len(whole) + 50
        assert (tmp_path / "ended").stat().st_mode & 0o077 == 0

    asyncio.run(scenario())


@pytest.mark.parametrize("forgets", ["months", "a reset", "another form"])
def test_what_is_forgotten_is_not_told_again(forgets: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        world = World(tmp_path)
        await ended(world)
        if forgets == "a reset":
            world.clusters.forget_all()
        elif forgets == "another form":
            form, _, rest = (tmp_path / "ended").read_bytes().partition(b"\n")
            (tmp_path / "ended").write_bytes(form.replace(b"ended", b"over") + b"\n" + rest)
        else:
            world.clock.time += KEPT
            later = KeptClusters(tmp_path / "ended", cast(SparkHistory, world.history), world.clock)
            assert later.all() == []
        assert World(tmp_path).clusters.all() == []

    asyncio.run(scenario())


class Harm:
    """What makes a folder, where it is read by anybody who reads all there is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.folder),)


def test_a_file_that_somebody_else_has_made_runs_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "ended").write_bytes(FORM + pickle.dumps(Harm(tmp_path / "harm")))
    assert World(tmp_path).clusters.all() == []
    assert not (tmp_path / "harm").exists()
    assert "mkdir is no part of a cluster" in caplog.text
