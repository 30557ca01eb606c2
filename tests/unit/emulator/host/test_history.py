"""Spark's history: whose logs are kept under which ids, and a server that comes when it is asked and goes when not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from airflow_emr_pipelines.emulator.host.guard import Guard
from airflow_emr_pipelines.emulator.host.history import SparkHistory

PATIENCE_SECONDS = 240.0


def event_log(application_id: str, name: str = "app") -> str:
    """What Spark writes of an application that does nothing."""
    start = {"App Name": name, "App ID": application_id, "Timestamp": 1700000000000, "User": "hadoop"}
    events: list[dict[str, Any]] = [
        {"Event": "SparkListenerLogStart", "Spark Version": "3.5.0"},
        {
            "Event": "SparkListenerEnvironmentUpdate",
            "Spark Properties": {"spark.app.id": application_id},
            **{name: {} for name in ("JVM Information", "System Properties", "Classpath Entries")},
        },
        {"Event": "SparkListenerApplicationStart", **start},
        {"Event": "SparkListenerApplicationEnd", "Timestamp": 1700000001000},
    ]
    return "".join(f"{json.dumps(event, separators=(',', ':'))}\n" for event in events)


@asynccontextmanager
async def history(folder: Path, idle_seconds: float = 600.0) -> AsyncIterator[SparkHistory]:
    guard = Guard("history-of-a-test")
    found = SparkHistory(folder / "history", guard, "history-of-a-test/history", idle_seconds)
    try:
        yield found
    finally:
        await found.close()
        guard.close()


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, PATIENCE_SECONDS))


def numbers() -> Iterator[str]:
    yield from (f"application_1_{number:04d}" for number in range(2, 10))


def test_logs_get_the_ids_that_yarn_would_have_given(tmp_path: Path) -> None:
    written = tmp_path / "written"
    written.mkdir()
    (written / "local-1700000000002.inprogress").write_text(event_log("local-1700000000002"))
    (written / "local-1700000000001").write_text(event_log("local-1700000000001"))
    (written / "local-1700000000003").write_text('{"Event":"SparkListenerLogStart"}\n')
    (written / ".local-1700000000001.crc").write_text("crc")

    async def scenario() -> None:
        async with history(tmp_path) as kept:
            more = numbers()
            ids = kept.keep("j-1", written, "application_1_0001", lambda: next(more))
            assert ids == ["application_1_0001", "application_1_0002"]
            assert kept.applications("j-1") == set(ids)
            assert kept.applications("j-2") == set()
            names = {path.name: path.read_text() for path in kept.folder.iterdir()}
            assert names == {
                "application_1_0001": event_log("application_1_0001"),
                "application_1_0002.inprogress": event_log("application_1_0002"),
            }
        async with history(tmp_path) as again:
            (again.folder / "application_1_0003").touch()
            again.know({"j-1": ["application_1_0001", "application_1_0002", "application_0_0001"], "j-2": []})
            assert again.applications("j-1") == set(ids)
            assert {path.name for path in again.folder.iterdir()} == set(names), "what is of no cluster is removed"

    run(scenario())


@pytest.mark.slow
def test_the_server_goes_when_nobody_asks_and_comes_back(tmp_path: Path) -> None:
    written = tmp_path / "written"
    written.mkdir()
    (written / "local-1").write_text(event_log("local-1", "kept"))

    async def scenario() -> None:
        async with history(tmp_path, idle_seconds=0.5) as kept:
            kept.keep("j-1", written, "application_1_0001", lambda: "")
            assert kept.pid is None
            page = await kept.get("/api/v1/applications")
            assert [(one["id"], one["name"]) for one in json.loads(page.content)] == [("application_1_0001", "kept")]
            first = kept.pid
            assert first is not None
            while kept.pid is not None:  # noqa: ASYNC110 — its process alone tells
                await asyncio.sleep(0.05)
            assert (await kept.get("/api/v1/applications/application_1_0001/jobs")).status == 200
            assert kept.pid not in (None, first)

    run(scenario())


@pytest.mark.slow
def test_a_server_that_runs_is_ready_again_when_it_lists_what_was_added(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with history(tmp_path) as kept:
            await kept.open()
            assert kept.wake()
            for number in range(1, 4):
                written, application_id = tmp_path / f"written-{number}", f"application_1_{number:04d}"
                written.mkdir()
                (written / "local-1").write_text(event_log("local-1"))
                kept.keep(f"j-{number}", written, application_id, lambda: "")
                assert not kept.wake()
                page = await kept.get("/api/v1/applications")
                assert application_id in {one["id"] for one in json.loads(page.content)}
                assert kept.wake()

    run(scenario())


@pytest.mark.slow
def test_an_application_that_the_server_never_lists_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("airflow_emr_pipelines.emulator.host.history._NOTHING_LISTED_SECONDS", 0.0)
    written = tmp_path / "written"
    written.mkdir()
    (written / "local-1").write_text(event_log("local-1"))

    async def scenario() -> None:
        async with history(tmp_path) as kept:
            kept.keep("j-1", written, "application_1_0001", lambda: "")
            (kept.folder / "application_1_0001").write_text("This is no log.")
            assert (await kept.get("/api/v1/applications")).status == 200
            assert kept.wake()

    run(scenario())
    assert "does not list application_1_0001" in caplog.text


@pytest.mark.slow
def test_a_server_that_does_not_start_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airflow_emr_pipelines.emulator.host.history._HEAP_MIB", 0)

    async def scenario() -> None:
        async with history(tmp_path) as kept:
            with pytest.raises(RuntimeError, match=r"history server did not start: ."):
                await kept.open()
            assert kept.pid is None

    run(scenario())
