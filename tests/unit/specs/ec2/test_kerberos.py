from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster, InstanceGroups
from airflow_emr_pipelines.specs.ec2.kerberos import KerberosAttributes, Secret
from airflow_emr_pipelines.specs.ec2.render.cluster import render_cluster
from airflow_emr_pipelines.specs.serialization import from_dict, to_dict

PASSWORDS = ("kdc_admin_password", "cross_realm_trust_principal_password", "ad_domain_join_password")


def attributes(**fields: Any) -> KerberosAttributes:
    return KerberosAttributes(**{"realm": "EC2.INTERNAL", "kdc_admin_password": Secret("kdc"), **fields})


def cluster(kerberos: KerberosAttributes) -> EmrCluster:
    groups = InstanceGroups("m5.xlarge")
    return EmrCluster("daily", "emr-7.10.0", groups, security_configuration="kerberos", kerberos=kerberos)


@pytest.mark.parametrize("field", PASSWORDS)
@pytest.mark.parametrize("password", ["hunter2", "{{ conn.kdc.password }}", b"hunter2", 12345])
def test_a_password_does_not_stand_in_a_dag_and_is_not_told(field: str, password: Any) -> None:
    with pytest.raises(InvalidSpec, match=rf"KerberosAttributes\.{field} = .*write Secret\(") as refused:
        attributes(**{field: password})
    assert str(password) not in f"{refused.value} {vars(refused.value)}"


@pytest.mark.parametrize("field", PASSWORDS)
def test_a_password_that_a_task_hands_over_is_refused_when_it_is_there(field: str) -> None:
    plain = {"kind": "kerberos_attributes", "realm": "A", "kdc_admin_password": {"kind": "secret", "conn_id": "kdc"}}
    with pytest.raises(InvalidSpec, match="does not stand in a DAG"):
        from_dict({**plain, field: "hunter2"}, KerberosAttributes)


def test_a_secret_is_a_connections_or_a_variables() -> None:
    assert Secret("kdc").conn_id == "kdc"
    assert Secret(variable="kdc").variable == "kdc"
    for both_or_neither in ({}, {"conn_id": "a", "variable": "b"}):
        with pytest.raises(InvalidSpec, match="name one of the two"):
            Secret(**both_or_neither)


def test_the_user_of_a_domain_has_a_password() -> None:
    with pytest.raises(InvalidSpec, match="user and password go together"):
        attributes(ad_domain_join_user="join")
    with pytest.raises(InvalidSpec, match="user and password go together"):
        attributes(ad_domain_join_password=Secret("ad"))


def test_airflow_keeps_a_reference_only_and_may_render_it() -> None:
    plain = to_dict(cluster(attributes(kdc_admin_password=Secret("{{ params.kdc }}"))))
    assert plain["kerberos"]["kdc_admin_password"] == {"kind": "secret", "conn_id": "{{ params.kdc }}"}


def test_what_is_not_sent_has_no_password_and_what_is_sent_has_each() -> None:
    asked = cluster(
        attributes(
            cross_realm_trust_principal_password=Secret(variable="trust"),
            ad_domain_join_user="join",
            ad_domain_join_password=Secret("ad"),
        )
    )
    assert "it may hold a secret" in json.dumps(render_cluster(asked)["KerberosAttributes"])
    sent = render_cluster(asked, reveal=lambda secret: f"the {secret.conn_id or secret.variable}")
    assert sent["KerberosAttributes"] == {
        "Realm": "EC2.INTERNAL",
        "KdcAdminPassword": "the kdc",
        "CrossRealmTrustPrincipalPassword": "the trust",
        "ADDomainJoinUser": "join",
        "ADDomainJoinPassword": "the ad",
    }
