"""Security configurations are made and deleted by DAGs, as often as these run."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from airflow_emr_pipelines import EmrCreateSecurityConfigurationOperator, EmrDeleteSecurityConfigurationOperator
from airflow_emr_pipelines.errors import InvalidSpec
from tests.airflow_of import reads_what_is_printed
from tests.integration.operators.conftest import states

RunDag = Callable[..., Any]


@reads_what_is_printed
def test_it_is_made_once_and_deleted_once_however_often_the_tasks_run(
    run_dag: RunDag, emr: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    name = f"roles-{uuid.uuid4().hex[:8]}"
    for _ in range(2):
        assert states(run_dag("security_configuration_made", name=name)) == {"create": "success"}
    made = json.loads(emr.describe_security_configuration(Name=name)["SecurityConfiguration"])
    assert made["AuthorizationConfiguration"] == {"IAMConfiguration": {"EnableApplicationScopedIAMRole": True}}

    assert states(run_dag("security_configuration_made", name=name, enabled=False)) == {"create": "failed"}
    log = "".join(capfd.readouterr())
    assert "SecurityConfigurationDiffers" in log
    assert "it differs in AuthorizationConfiguration" in log
    assert json.loads(emr.describe_security_configuration(Name=name)["SecurityConfiguration"]) == made

    for _ in range(2):
        assert states(run_dag("security_configuration_deleted", name=name)) == {"delete": "success"}
    names = [one["Name"] for one in emr.list_security_configurations()["SecurityConfigurations"]]
    assert name not in names


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "it is no JSON"), ({}, "at least one member"), ("[]", "it is a mapping"), (3, "it is a mapping")],
)
def test_content_that_is_none_is_refused_where_it_is_written(content: Any, said: str) -> None:
    with pytest.raises(InvalidSpec, match=said):
        EmrCreateSecurityConfigurationOperator(task_id="create", name="a", security_configuration=content)


def test_a_security_configuration_has_a_name() -> None:
    with pytest.raises(InvalidSpec, match=r"EmrDeleteSecurityConfigurationOperator.name = '': it must not be empty"):
        EmrDeleteSecurityConfigurationOperator(task_id="delete", name="")
