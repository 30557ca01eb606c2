from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import redact
from botocore.exceptions import ClientError, ConnectionClosedError

from airflow_emr_pipelines.errors import HIDDEN, InvalidSpec, UnclearAnswer
from airflow_emr_pipelines.hooks.ec2.secrets import Secrets
from airflow_emr_pipelines.hooks.sending import submit_once
from airflow_emr_pipelines.specs.ec2.kerberos import Secret

PASSWORD = "hunter2-of-the-kdc"


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_KDC", f'{{"conn_type": "generic", "password": "{PASSWORD}"}}')
    monkeypatch.setenv("AIRFLOW_CONN_KEYLESS", '{"conn_type": "generic", "login": "admin"}')
    monkeypatch.setenv("AIRFLOW_VAR_KDC_ADMIN", f"{PASSWORD}-variable")
    monkeypatch.setenv("AIRFLOW_VAR_LONG", "x" * 257)


def test_a_secret_is_the_password_of_a_connection_or_a_variable() -> None:
    assert Secrets().reveal(Secret("kdc")) == PASSWORD
    assert Secrets().reveal(Secret(variable="kdc_admin")) == f"{PASSWORD}-variable"


def test_what_was_revealed_is_masked_in_airflows_logs() -> None:
    Secrets().reveal(Secret(variable="kdc_admin"))
    assert PASSWORD not in str(redact(f"sending {PASSWORD}-variable"))


def test_a_connection_without_a_password_is_named() -> None:
    with pytest.raises(InvalidSpec, match=r"Secret\(keyless\) = .*it is empty; put it into"):
        Secrets().reveal(Secret("keyless"))


def test_a_password_that_emr_would_not_take_is_refused_and_not_told() -> None:
    with pytest.raises(InvalidSpec, match=r"Secret\(long\) = .*at most 256") as refused:
        Secrets().reveal(Secret(variable="long"))
    assert "xxx" not in str(refused.value)


def test_a_refusal_that_repeats_a_secret_does_not_tell_it() -> None:
    secrets = Secrets()
    said = {"Error": {"Code": "ValidationException", "Message": f"bad password {secrets.reveal(Secret('kdc'))}"}}
    with pytest.raises(ClientError, match="bad password") as refused, secrets.untold():
        raise ClientError(said, "RunJobFlow")  # type: ignore[arg-type]
    assert PASSWORD not in f"{refused.value!r} {refused.value} {refused.value.response}"
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_an_unclear_answer_that_repeats_a_secret_does_not_tell_it() -> None:
    secrets = Secrets()
    password = secrets.reveal(Secret("kdc"))

    def send() -> str:
        raise ConnectionClosedError(endpoint_url=f"while sending {password}")

    with pytest.raises(UnclearAnswer, match="while sending") as unclear, secrets.untold():
        submit_once(send, lambda: None, operation="RunJobFlow", patience=0, sleep=lambda seconds: None)
    told: BaseException | None = unclear.value
    while told is not None:
        assert PASSWORD not in f"{told!r} {told} {vars(told)}"
        told = told.__cause__
    assert HIDDEN in str(unclear.value)


def test_without_a_secret_an_exception_passes_as_it_is() -> None:
    with pytest.raises(ValueError, match=PASSWORD), Secrets().untold():
        raise ValueError(PASSWORD)
