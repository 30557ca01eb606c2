from __future__ import annotations

import argparse
from datetime import timedelta

import pytest

from airflow_emr_pipelines.cli import reap


def read(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    reap.add_arguments(parser)
    return parser.parse_args(arguments)


def test_the_age_of_a_cluster_is_in_minutes() -> None:
    assert read().older_than == timedelta(minutes=15)
    assert read("--older-than", "1.5").older_than == timedelta(seconds=90)


@pytest.mark.parametrize("age", ["nan", "inf", "-5", "an hour"])
def test_an_age_that_is_none_is_refused(age: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read(f"--older-than={age}")
    assert f"argument --older-than: '{age}' is no" in capsys.readouterr().err


def test_a_connection_that_there_is_not_is_refused_in_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clusters of whatever account the machine's own credentials are of would be judged, and ended."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "else")
    with pytest.raises(SystemExit) as ended:
        reap.run(read("--aws-conn-id", "emr_prod", "--deployment", "ours", "--region-name", "eu-central-1"))
    out, told = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert "aws_conn_id = 'emr_prod': Airflow has no connection of that id; make it where this runs" in told
