"""Passwords go from Airflow's connections and variables to EMR, and are seen nowhere between."""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.airflow_of import reads_what_is_printed
from tests.conftest import clusters_of
from tests.integration.operators.conftest import states

PASSWORD, CROSS_REALM = "hunter2-of-the-kdc", "hunter3-of-the-other-realm"
KDC = {"Provider": "ClusterDedicatedKdc", "ClusterDedicatedKdcConfiguration": {"TicketLifetimeInHours": 24}}
ENABLED = {"AuthenticationConfiguration": {"KerberosConfiguration": KDC}}


@pytest.fixture
def security_configuration(emr: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """One that enables Kerberos; Airflow keeps the passwords."""
    monkeypatch.setenv("AIRFLOW_CONN_KDC", json.dumps({"conn_type": "generic", "password": PASSWORD}))
    monkeypatch.setenv("AIRFLOW_CONN_EMPTY", json.dumps({"conn_type": "generic"}))
    monkeypatch.setenv("AIRFLOW_VAR_CROSS_REALM", CROSS_REALM)
    name = f"kerberos-{uuid.uuid4().hex[:8]}"
    emr.create_security_configuration(Name=name, SecurityConfiguration=json.dumps(ENABLED))
    return name


def kept_of(dag_run: Any) -> str:
    """All that Airflow's database has of a run: rendered fields and XComs."""
    from airflow.models.renderedtifields import RenderedTaskInstanceFields
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        fields = session.scalars(
            select(RenderedTaskInstanceFields).where(RenderedTaskInstanceFields.run_id == dag_run.run_id)
        )
        xcoms = session.scalars(select(XComModel).where(XComModel.run_id == dag_run.run_id))
        return f"{[one.rendered_fields for one in fields]} {[one.value for one in xcoms]}"


def test_a_password_reaches_emr_and_neither_logs_nor_rendered_fields_nor_xcoms(
    run_dag: Callable[..., Any],
    emr: Any,
    security_configuration: str,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        dag_run = run_dag("kerberos", security_configuration=security_configuration)
    # What Airflow 3.0 itself says to a debugger when it is told to mask something.
    log = re.sub(r".*MaskSecret\(.*", "", "".join(capfd.readouterr()) + caplog.text)
    assert states(dag_run) == {"create": "success", "end": "success"}, log
    kept = kept_of(dag_run)
    assert security_configuration in kept
    assert "Created cluster" in log
    for password in (PASSWORD, CROSS_REALM):
        assert password not in log
        assert password not in kept
    (cluster_id,) = [cluster["Id"] for cluster in clusters_of(emr) if "kerberized" in cluster["Name"]]
    told = emr.describe_cluster(ClusterId=cluster_id)["Cluster"]["KerberosAttributes"]
    assert told["Realm"] == "EC2.INTERNAL"
    assert told.keys() == {"Realm", "KdcAdminPassword", "CrossRealmTrustPrincipalPassword"}


@reads_what_is_printed
def test_without_a_password_no_cluster_is_made_and_the_connection_is_named(
    run_dag: Callable[..., Any], emr: Any, security_configuration: str, capfd: pytest.CaptureFixture[str]
) -> None:
    before = len(clusters_of(emr))
    dag_run = run_dag("kerberos", security_configuration=security_configuration, kdc="empty")
    log = "".join(capfd.readouterr())
    assert states(dag_run)["create"] == "failed"
    assert "Secret(empty)" in log
    assert "it is empty" in log
    assert len(clusters_of(emr)) == before
