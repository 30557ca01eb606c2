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
