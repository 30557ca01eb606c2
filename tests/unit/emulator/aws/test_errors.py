"""Which verb refuses in which code: as botocore's model declares it."""

from __future__ import annotations

from airflow_emr_pipelines.emulator.aws import wire
from airflow_emr_pipelines.emulator.aws.errors import OLD_VERBS, Refused
from airflow_emr_pipelines.emulator.ec2.actions import ACTIONS


def test_the_old_verbs_are_those_that_declare_no_invalid_request() -> None:
    model = wire.service_model("emr")
    declared = {name: {error.name for error in model.operation_model(name).error_shapes} for name in ACTIONS}
    assert {name for name, errors in declared.items() if "InvalidRequestException" not in errors} == OLD_VERBS


def test_a_rule_is_refused_in_the_code_of_the_verb() -> None:
    assert Refused("no").error_of("RunJobFlow").body() == {"__type": "ValidationException", "message": "no"}
    assert Refused("no").error_of("ListSteps").body() == {
        "__type": "InvalidRequestException",
        "ErrorCode": "InvalidRequest",
        "Message": "no",
    }
