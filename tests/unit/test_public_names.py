"""The names that users import: all there, each loaded when it is first asked for, and with it no more than it needs."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import airflow_emr_pipelines
from tests.public_names import PUBLIC

CLIENTS = {"boto3", "botocore", "moto", "pandas", "pyspark"}
SPECS = [name for name in PUBLIC if ".specs." in getattr(airflow_emr_pipelines, name).__module__]


def loaded_after(program: str) -> set[str]:
    """The modules that a fresh Python has after running a program."""
    program = f"import json, sys\nbefore = set(sys.modules)\n{program}\nprint(json.dumps([*set(sys.modules) - before]))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=120)
    return set(json.loads(done.stdout.splitlines()[-1]))


def roots(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_a_documented_class_or_function_of_ours(name: str) -> None:
    value = getattr(airflow_emr_pipelines, name)
    assert value.__name__ == name
    assert value.__module__.startswith("airflow_emr_pipelines.")
    assert inspect.getdoc(value)


def test_public_names_are_in_order_and_listed() -> None:
    assert sorted(PUBLIC) == PUBLIC
    assert set(PUBLIC) <= set(dir(airflow_emr_pipelines))


def test_a_public_name_is_said_once_in_a_stub_that_type_checkers_and_the_package_read() -> None:
    stub = Path(airflow_emr_pipelines.__file__).with_suffix(".pyi")
    imports = [node for node in ast.parse(stub.read_text(encoding="utf-8")).body if isinstance(node, ast.ImportFrom)]
    said = [(alias.name, alias.asname) for node in imports for alias in node.names]
    assert sorted(name for name, _ in said) == PUBLIC
    assert [name for name, again in said if again != name] == []  # else type checkers take it for the stub's own
    assert len(set(said)) == len(said)


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'SparkSteps'"):
        _ = airflow_emr_pipelines.SparkSteps  # type: ignore[attr-defined]
    with pytest.raises(ImportError, match="SparkSteps"):
        exec("from airflow_emr_pipelines import SparkSteps")


def test_importing_the_package_loads_nothing_else() -> None:
    loaded = loaded_after("import airflow_emr_pipelines")
    assert {name for name in loaded if name.startswith("airflow")} == {"airflow_emr_pipelines"}
    assert not roots(loaded) & CLIENTS


def test_specs_are_usable_without_airflow() -> None:
    loaded = loaded_after(f"from airflow_emr_pipelines import {', '.join(SPECS)}")
    assert "airflow" not in roots(loaded)
    assert not roots(loaded) & CLIENTS


def test_all_names_together_load_no_client() -> None:
    loaded = loaded_after("from airflow_emr_pipelines import *")
    assert "airflow_emr_pipelines.operators.ec2.run_step" in loaded
    assert not roots(loaded) & CLIENTS
    assert {
        name for name in loaded if name.startswith(("airflow.providers.amazon.aws", "airflow_emr_pipelines.hooks"))
    } == set()


def test_a_dag_file_does_not_load_the_patterns_of_secrets() -> None:
    loaded = loaded_after("from airflow_emr_pipelines import EmrCluster, SparkStep, transient_cluster")
    assert {name for name in loaded if "masking" in name or "secret_forms" in name} == set()


@pytest.mark.parametrize("name", SPECS)
def test_a_value_shows_its_fields_to_help_and_to_editors(name: str) -> None:
    value = getattr(airflow_emr_pipelines, name)
    shown = inspect.signature(value).parameters
    if dataclasses.is_dataclass(value):
        assert sorted(shown) == sorted(field.name for field in dataclasses.fields(value) if field.init)
