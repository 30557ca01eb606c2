"""The shipped policies: valid, and of the runtime roles no wider than what the DAG's steps name."""

from __future__ import annotations

import fnmatch
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_emr_pipelines.specs.ec2.render.step import render_step
from airflow_emr_pipelines.specs.serialization import from_dict
from airflow_emr_pipelines.specs.steps import Step
from tests.airflow_of import DagBag
from tests.conftest import DAGS

FILES = sorted((DAGS / "governance").glob("clinical-*.json"))
RUNTIME_ROLES = ("clinical-deidentify", "clinical-report")
TABLE = "s3://clinical-curated/encounters/"
ADDRESS = re.compile(r"s3://[^\s,\"]+")


@pytest.fixture(scope="module")
def dag() -> Any:
    return DagBag(str(DAGS / "emr_governed_etl.py")).dags["emr_governed_etl"]


def statements(role: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((DAGS / "governance" / f"{role}.policy.json").read_text())["Statement"]
    return found


def resources(role: str, action: str) -> set[str]:
    return {resource for one in statements(role) if action in one["Action"] for resource in one["Resource"]}


def named_by_steps(dag: Any, role: str) -> set[str]:
    """The addresses in the steps that act as the role, as ARNs; a folder stands for what is in it."""
    run = SimpleNamespace(data_interval_start=None, run_after=None)
    context: Any = {"dag_run": run, "params": {"day": "2013-01-31"}, "ti": None}
    found = set()
    for task in dag.tasks:
        if str(getattr(task, "execution_role_arn", None)).endswith(f"/{role}"):
            step = task.render_template(task.step, context, dag.get_template_env())
            words = json.dumps(render_step(from_dict(step, Step)))
            found |= set(ADDRESS.findall(words)) | ({TABLE} if "clinical_curated.encounters" in words else set())
    return {address.replace("s3://", "arn:aws:s3:::") for address in found}


def covers(pattern: str, address: str) -> bool:
    return any(fnmatch.fnmatchcase(inside, pattern) for inside in (address, f"{address.rstrip('/')}/part"))


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_a_policy_is_one_that_iam_reads(file: Path) -> None:
    policy = json.loads(file.read_text())
    assert policy["Version"] == "2012-10-17"
    trusts = file.name.endswith(".trust.json")
    for statement in policy["Statement"]:
        names = {"Effect", "Action", "Principal"} if trusts else {"Sid", "Effect", "Action", "Resource"}
        assert names <= set(statement) <= {*names, "Condition"}
        assert statement["Effect"] == "Allow"
        assert not trusts or "*" not in json.dumps(statement["Principal"])
    sids = [statement.get("Sid") for statement in policy["Statement"] if not trusts]
    assert all(re.fullmatch("[A-Za-z0-9]+", str(sid)) for sid in sids)
    assert len(set(sids)) == len(sids)


@pytest.mark.parametrize("role", RUNTIME_ROLES)
def test_a_runtime_role_may_read_what_its_steps_name_and_nothing_else(dag: Any, role: str) -> None:
    named, allowed = named_by_steps(dag, role), resources(role, "s3:GetObject")
    assert len(named) > 3
    assert [address for address in named if not any(covers(pattern, address) for pattern in allowed)] == []
    assert [pattern for pattern in allowed if not any(covers(pattern, address) for address in named)] == []


def test_only_the_deidentification_sees_the_input_and_the_key_and_neither_writes_the_others_output() -> None:
    first, second = RUNTIME_ROLES
    assert "arn:aws:s3:::clinical-landing/encounters/*" in resources(first, "s3:GetObject")
    assert not any("clinical-landing" in json.dumps(statement) for statement in statements(second))
    assert resources(first, "secretsmanager:GetSecretValue")
    assert resources(second, "secretsmanager:GetSecretValue") == set()
    assert resources(first, "s3:PutObject").isdisjoint(resources(second, "s3:PutObject"))


def test_the_instances_act_as_the_roles_of_the_steps_and_the_roles_trust_them(dag: Any) -> None:
    roles = {task.execution_role_arn for task in dag.tasks if getattr(task, "execution_role_arn", None)}
    assert resources("clinical-emr-instance", "sts:AssumeRole") == roles
    for role in RUNTIME_ROLES:
        (trust,) = json.loads((DAGS / "governance" / f"{role}.trust.json").read_text())["Statement"]
        assert trust["Principal"] == {"AWS": "arn:aws:iam::123456789012:role/clinical-emr-instance"}
        assert set(trust["Action"]) == {"sts:AssumeRole", "sts:TagSession"}


def test_the_cluster_is_the_one_that_the_policies_speak_of(dag: Any) -> None:
    cluster = dag.get_task("pipeline.create_cluster").cluster
    assert (cluster["service_role"], cluster["job_flow_role"]) == ("clinical-emr-service", "clinical-emr-instance")
    assert any(cluster["ec2_subnet_id"] in one for one in resources("clinical-emr-service", "ec2:RunInstances"))
    bootstrap = {action["script"].replace("s3://", "arn:aws:s3:::") for action in cluster["bootstrap_actions"]}
    assert resources("clinical-emr-instance", "s3:GetObject") == bootstrap
    content = json.loads((DAGS / "governance" / "security-configuration.json").read_text())
    at_rest = content["EncryptionConfiguration"]["AtRestEncryptionConfiguration"]
    keys = {part["AwsKmsKey"] for part in at_rest.values()}
    assert keys == resources("clinical-deidentify", "kms:Decrypt") == resources("clinical-report", "kms:Decrypt")
