"""What steps leave behind is killed, with few looks at all the processes of the machine."""

from __future__ import annotations

import asyncio
import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from airflow_emr_pipelines.emulator.host import guard, processes
from airflow_emr_pipelines.emulator.host.guard import MARK, Guard, Trace, kill_until_gone, living
from airflow_emr_pipelines.emulator.host.processes import ProcessGroup, Sweeper

STEPS = 30
LEAVES_THE_GROUP = "setsid sleep 1000 & sleep 1000 & echo started; exec sleep 1000"


@pytest.fixture
def mark() -> Iterator[str]:
    mark = f"test-{uuid.uuid4().hex}"
    yield mark
    kill_until_gone([Trace(mark)])


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    made: list[int] = []

    def look() -> Iterator[psutil.Process]:
        made.append(1)
        return psutil.process_iter()

    monkeypatch.setattr(guard, "psutil", _Psutil(look))
    return made


class _Psutil:
    """psutil with another way of looking at all processes."""

    def __init__(self, look: object) -> None:
        self.process_iter = look

    def __getattr__(self, name: str) -> object:
        return getattr(psutil, name)


def daemons(mark: str) -> subprocess.Popen[str]:
    """A group of two, and one that has left it."""
    started = subprocess.Popen(
        ["bash", "-c", LEAVES_THE_GROUP],
        env={**os.environ, MARK: mark},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert started.stdout is not None
    with started.stdout:
        assert started.stdout.readline() == "started\n"
    return started


def test_a_group_and_what_has_left_it_are_killed_and_named(mark: str) -> None:
    leader = daemons(f"{mark}/one")
    killed = kill_until_gone([trace := Trace(f"{mark}/one", frozenset({leader.pid}))])
    leader.wait()
    assert len(killed[trace]) == 3
    assert f"{leader.pid} sleep" in killed[trace]
    assert list(living([Trace(mark)])) == []


def test_only_what_has_the_whole_mark_or_one_below_it_is_killed(mark: str) -> None:
    one, other = daemons(f"{mark}/s-1"), daemons(f"{mark}/s-10")
    assert kill_until_gone([Trace(f"{mark}/s-")])[Trace(f"{mark}/s-")] == []
    assert len(kill_until_gone([Trace(f"{mark}/s-1")])[Trace(f"{mark}/s-1")]) == 3
    one.wait()
    assert other.poll() is None
    assert len(kill_until_gone([Trace(mark)])[Trace(mark)]) == 3
    other.wait()


def test_all_steps_that_end_together_share_a_few_looks(mark: str, looks: list[int], tmp_path: Path) -> None:
    async def end_all() -> list[list[str]]:
        sweeper, watched = Sweeper(), Guard(mark)
        try:
            groups = [
                await ProcessGroup.start(
                    ["bash", "-c", "setsid sleep 1000 & exec sleep 1000"],
                    cwd=tmp_path,
                    environment={**os.environ, MARK: f"{mark}/{number}"},
                    stdout=tmp_path / "out",
                    stderr=tmp_path / "err",
                    guard=watched,
                    sweeper=sweeper,
                )
                for number in range(STEPS)
            ]
            while sum(process.name() == "sleep" for process, _ in living([Trace(mark)])) < 2 * STEPS:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            looks.clear()
            return await asyncio.gather(*(_stop(group) for group in groups))
        finally:
            await asyncio.to_thread(watched.close)

    left = asyncio.run(end_all())
    assert [len(names) for names in left] == [1] * STEPS, "each step is told of its own daemon only"
    assert len({name for names in left for name in names}) == STEPS
    assert len(looks) < STEPS
    assert list(living([Trace(mark)])) == []


async def _stop(group: ProcessGroup) -> list[str]:
    group.signal(9)
    assert await group.wait() == 137
    return await group.end()


def test_who_does_not_wait_any_more_holds_nobody_up(mark: str) -> None:
    async def sweep() -> list[str]:
        sweeper = Sweeper()
        hasty = asyncio.create_task(sweeper.sweep(Trace(f"{mark}/hasty")))
        await asyncio.sleep(0)
        hasty.cancel()
        return await sweeper.sweep(Trace(f"{mark}/patient"))

    assert asyncio.run(sweep()) == []


def test_a_look_that_fails_is_told_to_all_who_asked(mark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(traces: object) -> object:
        raise OSError("no processes to be seen")

    monkeypatch.setattr(processes, "kill_until_gone", fails)

    async def sweep() -> list[object]:
        sweeper = Sweeper()
        asking = [sweeper.sweep(Trace(f"{mark}/{number}")) for number in range(2)]
        return list(await asyncio.gather(*asking, return_exceptions=True))

    assert [str(error) for error in asyncio.run(sweep())] == ["no processes to be seen"] * 2
