"""How the lines of a log become calls of CloudWatch Logs."""

from __future__ import annotations

from pathlib import Path

from airflow_emr_pipelines.emulator.host.cloud_watch import MOST_BYTES, MOST_EVENTS, batches


def test_blank_lines_are_no_events_and_the_others_keep_their_order(tmp_path: Path) -> None:
    path = tmp_path / "stdout"
    path.write_bytes("one\r\n\n  \nzwei ü\nlast".encode() + b"\xff")
    (events,) = batches(path)
    assert [event["message"] for event in events] == ["one", "zwei ü", "last�"]
    assert len({event["timestamp"] for event in events}) == 1


def test_an_empty_file_makes_no_call(tmp_path: Path) -> None:
    path = tmp_path / "stdout"
    path.touch()
    assert list(batches(path)) == []


def test_no_call_is_larger_than_the_service_takes(tmp_path: Path) -> None:
    path = tmp_path / "stdout"
    path.write_text("x\n" * (MOST_EVENTS + 1) + f"{'é' * 60_000}\n" * 20 + "y" * 1_000_000)
    found = list(batches(path))
    sizes = [sum(len(event["message"].encode()) + 26 for event in events) for events in found]
    assert max(sizes) <= MOST_BYTES
    assert max(len(events) for events in found) == MOST_EVENTS
    assert sum(len(events) for events in found) == MOST_EVENTS + 1 + 20 + 1
    assert len(found[-1][-1]["message"]) == 256 * 1024 - 26
