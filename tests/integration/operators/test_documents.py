"""Where a document of steps is read from, and what is no document."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_emr_pipelines import EmrReadStepsOperator
from airflow_emr_pipelines.documents import lines as documents
from airflow_emr_pipelines.errors import InvalidDocument, InvalidSpec

STEPS = b"[{kind: shell, name: Say, command: 'echo {{ ds }}'}]"


@pytest.fixture
def read(emulator: Any, airflow: None) -> Any:
    """Reads a body that was put into a bucket, by its address with that scheme."""
    s3, bucket = emulator.client("s3"), f"documents-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    day = datetime(2013, 1, 1, tzinfo=timezone.utc)
    run = SimpleNamespace(logical_date=day, data_interval_start=day, data_interval_end=day, run_id="r", dag_id="d")
    context: Any = {"dag_run": run, "params": {}}

    def reading(body: bytes, scheme: str = "s3") -> Any:
        s3.put_object(Bucket=bucket, Key="steps/daily.yaml", Body=body)
        operator = EmrReadStepsOperator(task_id="t", document="{{ params.document }}")
        operator.document = f"{scheme}://{bucket}/steps/daily.yaml"
        return operator.execute(context)

    return reading


@pytest.mark.parametrize("scheme", ["s3", "s3a", "s3n"])
def test_a_document_is_read_whatever_its_address_calls_s3(read: Any, scheme: str) -> None:
    (step,) = read(STEPS, scheme)
    assert step["step"]["command"] == "echo 2013-01-01"


def test_what_a_template_gives_is_an_address_too(read: Any) -> None:
    with pytest.raises(InvalidSpec, match=r"EmrReadStepsOperator.document = .*: it is no S3 address"):
        read(STEPS, "etl")


def test_bytes_that_are_no_text_and_more_than_a_document_has_are_no_document(
    read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidDocument, match="it is no text in UTF-8"):
        read("[{name: Größe}]".encode("latin-1"))
    monkeypatch.setattr(documents, "LARGEST", 10)
    with pytest.raises(InvalidDocument, match="it has more than 10 bytes"):
        read(STEPS)
