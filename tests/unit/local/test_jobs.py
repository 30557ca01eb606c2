"""What is saved among the jobs is what the next step runs, and nothing there is a DAG."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from airflow.utils.file import list_py_file_paths
from moto import mock_aws

from local.errors import JarNotBuilt
from local.jobs import Jobs, keep_out_of_dags


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield boto3.client("s3", region_name="us-east-1")


@pytest.fixture
def jobs(tmp_path: Path, s3: Any) -> Jobs:
    (tmp_path / "jobs" / "apps").mkdir(parents=True)
    return Jobs(tmp_path / "jobs", s3)


def body(s3: Any, key: str) -> bytes:
    found: bytes = s3.get_object(Bucket="apps", Key=key)["Body"].read()
    return found


def test_what_is_saved_is_uploaded_and_nothing_else(jobs: Jobs, s3: Any) -> None:
    script, other = jobs.folder / "apps" / "clean.py", jobs.folder / "apps" / "lib" / "rules.py"
    other.parent.mkdir()
    script.write_text("1")
    other.write_text("1")
    assert list(jobs.land()) == ["s3://apps/clean.py", "s3://apps/lib/rules.py"]
    assert list(jobs.land()) == []
    script.write_text("22")
    assert list(jobs.land()) == ["s3://apps/clean.py"]
    other.with_suffix(".new").write_text("3")
    os.replace(other.with_suffix(".new"), other)  # as many editors save
    os.utime(other, ns=(1, 1))
    assert list(jobs.land()) == ["s3://apps/lib/rules.py"]
    assert (body(s3, "clean.py"), body(s3, "lib/rules.py")) == (b"22", b"3")


def test_a_folder_makes_its_bucket_also_when_it_is_empty_or_came_later(jobs: Jobs, s3: Any) -> None:
    for name in ("results", "No_Bucket", ".git"):
        list(jobs.land())
        (jobs.folder / name).mkdir()
    list(jobs.land())
    assert {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]} == {"apps", "results"}


def test_what_editors_leave_there_is_not_uploaded(jobs: Jobs) -> None:
    for name in (".clean.py.swp", "__pycache__/clean.pyc", ".idea/x", "clean.py"):
        file = jobs.folder / "apps" / name
        file.parent.mkdir(exist_ok=True)
        file.touch()
    assert list(jobs.land()) == ["s3://apps/clean.py"]


def test_a_source_that_does_not_compile_is_told_once_and_keeps_nothing_else_back(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(source: Path) -> bytes:
        raise JarNotBuilt(source, "not today")

    monkeypatch.setattr("local.jobs.jar_of", refuse)
    for name in ("Report.scala", "a.py", "z.py"):
        (jobs.folder / "apps" / name).touch()
    assert list(jobs.land()) == ["s3://apps/Report.scala", "s3://apps/a.py", "s3://apps/z.py"]
    assert list(jobs.land()) == []
    assert capsys.readouterr().err.count("not today") == 1


def test_a_folder_that_is_not_there_yet_is_no_fault(s3: Any, tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs", s3)
    assert list(jobs.land()) == []
    (tmp_path / "jobs" / "apps").mkdir(parents=True)
    (tmp_path / "jobs" / "apps" / "x.py").touch()
    assert list(jobs.land()) == ["s3://apps/x.py"]


def test_airflow_looks_for_no_dags_among_the_jobs(jobs: Jobs) -> None:
    dags = jobs.folder.parent
    for file in (dags / "mine.py", jobs.folder / "apps" / "clean.py"):
        file.write_text("# a job that some airflow dag runs")
    told = keep_out_of_dags(dags)
    assert told is not None
    assert str(dags / ".airflowignore") in told
    assert list_py_file_paths(dags) == [str(dags / "mine.py")]
    assert keep_out_of_dags(dags) is None


def test_a_users_own_list_of_what_is_ignored_is_left_alone_and_judged(jobs: Jobs) -> None:
    own = jobs.folder.parent / ".airflowignore"
    own.write_text("notes/\n")
    told = keep_out_of_dags(own.parent)
    assert told is not None
    assert "does not name jobs/" in told
    assert own.read_text() == "notes/\n"
    own.write_text("/jobs/**\n")
    assert keep_out_of_dags(own.parent) is None
    assert keep_out_of_dags(own.parent / "elsewhere") is None
