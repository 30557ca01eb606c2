"""The package's table is what moto's copy of AWS's lists says, and costs a DAG file next to nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata

import pytest

from airflow_emr_pipelines.specs.ec2 import aws_lists
from local.aws_lists import TABLE, table, written


def test_the_table_is_what_the_generator_makes_of_the_same_moto() -> None:
    kept = json.loads(TABLE.read_text())
    made = {"made": kept["made"], **table()}
    if metadata.version("moto") != kept["moto"]:
        pytest.skip(f"The table was made from moto {kept['moto']}: make lists")
    assert TABLE.read_text() == written(made)


def test_the_sizes_are_those_that_emr_lists() -> None:
    assert aws_lists.size_of("m5.xlarge") == (4, 16 * 1024, "x86_64")
    assert aws_lists.size_of("r6g.2xlarge") == (8, 61 * 1024, "arm64")
    assert aws_lists.size_of("m1.medium") == (1, 3840, "x86_64")
    assert aws_lists.size_of("t3.medium") is None


def test_a_list_of_fewer_types_in_the_middle_is_filled_up() -> None:
    """EMR's list of emr-5.18.0 is of a Region without c3, and that of emr-5.0.2 is empty."""
    for label in ("emr-5.0.2", "emr-5.18.0", "emr-6.10.0"):
        assert not aws_lists.lacks(label, "c3.xlarge")
    assert aws_lists.lacks("emr-5.0.2", "m5.xlarge")


def test_the_table_is_read_when_it_is_asked_for() -> None:
    program = """
from airflow_emr_pipelines.specs.ec2 import aws_lists, cluster
assert aws_lists._table.cache_info().misses == 0
cluster.Group("m5.xlarge"), cluster.Group("r5.xlarge")
assert aws_lists._table.cache_info().misses == 1
"""
    subprocess.run([sys.executable, "-c", program], check=True)
