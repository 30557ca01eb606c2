"""``airflow emr iam-policy`` prints a policy and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from botocore.session import get_session

from airflow_emr_pipelines.cli import places
from airflow_emr_pipelines.cli.__main__ import main
from tests.conftest import DAGS

Printed = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def printed(command: Printed) -> Printed:
    return partial(command, "iam-policy")


def test_the_policy_of_the_governed_etl_is_the_one_that_is_shipped() -> None:
    """By the command as a user gives it."""
    program = [sys.executable, "-m", "airflow_emr_pipelines.cli", "iam-policy", "emr_governed_etl"]
    told = ["--account", "123456789012", "--region", "eu-central-1", "--deployment", "clinical"]
    done = subprocess.run([*program, *told], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    shipped = json.loads((DAGS / "governance" / "clinical-airflow.policy.json").read_text())
    checks = [one for one in shipped["Statement"] if one["Sid"].startswith("Check")]
    assert json.loads(done.stdout)["Statement"] == [one for one in shipped["Statement"] if one not in checks]
    assert "The instance profile clinical-emr-instance is taken to have a role of the same name" in done.stderr
    assert "can put airflow-emr-pipelines:deployment = clinical on a cluster without that tag" in done.stderr


@pytest.mark.parametrize(
    ("dag_id", "said"),
    [
        ("emr_governed_elt", "There is no DAG emr_governed_elt; did you mean emr_governed_etl"),
        ("nothing", "There is no DAG nothing"),
    ],
)
def test_a_dag_that_there_is_not_is_told_with_a_way_out(printed: Printed, dag_id: str, said: str) -> None:
    done = printed(dag_id)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_file_is_read_in_the_place_of_airflows_bundles(printed: Printed, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from airflow.sdk import DAG\n"
        "from airflow_emr_pipelines import EmrTerminateClusterOperator\n"
        'with DAG("mine", schedule=None):\n'
        '    EmrTerminateClusterOperator(task_id="end", cluster_id="j-3H6EXAMPLE0AB")\n'
    )
    done = printed("mine", "--file", str(file))
    assert done.returncode == 0, done.stderr
    (statement,) = (one for one in json.loads(done.stdout)["Statement"] if one["Sid"] == "StandingClusters")
    assert statement["Resource"] == ["arn:aws:elasticmapreduce:*:*:cluster/j-3H6EXAMPLE0AB"]


def test_a_file_that_there_is_not_is_refused(printed: Printed, tmp_path: Path) -> None:
    done = printed("mine", "--file", str(tmp_path / "mine.py"))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"argument --file: there is no {tmp_path / 'mine.py'}" in done.stderr


def test_a_log_uri_that_is_no_place_in_s3_is_refused(printed: Printed) -> None:
    done = printed("emr_governed_etl", "--log-uri", "emr-logs")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--log-uri = 'emr-logs': it is no S3 address" in done.stderr


@pytest.mark.parametrize(
    ("command", "option", "value", "said"),
    [
        ("iam-policy", "--account", "12", "'12' is no AWS account id, which has 12 digits"),
        ("iam-policy", "--account", "1234-5678-9012", "is no AWS account id"),
        ("iam-policy", "--region", "eu-centrl-1", "'eu-centrl-1' is no Region of AWS: did you mean eu-central-1?"),
        ("iam-policy", "--region", "EU-CENTRAL-1", "is no Region of AWS: did you mean eu-central-1?"),
        ("iam-policy", "--region", "eu-central-1a", "is no Region of AWS: did you mean eu-central-1?"),
        ("iam-policy", "--partition", "aws-china", "is no partition of AWS: choose one of aws, "),
        ("reap", "--region-name", "eu-centrl-1", "'eu-centrl-1' is no Region of AWS: did you mean eu-central-1?"),
    ],
)
def test_a_place_that_cannot_be_is_refused_in_words(
    capsys: pytest.CaptureFixture[str], command: str, option: str, value: str, said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, *(["emr_daily_etl"] if command == "iam-policy" else []), option, value])
    assert ended.value.code == 2
    out, told = capsys.readouterr()
    assert out == ""
    assert f"argument {option}: " in told
    assert said in told


@pytest.mark.parametrize("name", ["*", "eu-central-1", "us-gov-west-1", "cn-north-1", "mx-central-1", "eu-southeast-7"])
def test_a_region_may_be_any_or_younger_than_botocore(name: str) -> None:
    assert places.region_or_any(name) == name


def test_every_region_that_botocore_knows_is_one() -> None:
    session = get_session()
    for each in session.get_available_partitions():
        assert places.partition(each) == each
        for name in session.get_available_regions("emr", each):
            assert places.region(name) == name
