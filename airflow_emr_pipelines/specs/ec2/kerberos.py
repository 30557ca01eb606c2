"""Kerberos on a cluster, and secrets by reference."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

from airflow_emr_pipelines.errors import HIDDEN, InvalidSpec
from airflow_emr_pipelines.specs.values import rules
from airflow_emr_pipelines.specs.values.base import Spec
from airflow_emr_pipelines.specs.values.templates import is_rendered


@dataclass(frozen=True)
class Secret(Spec):
    """A secret that Airflow keeps: the password of a connection, or a variable. It is read just before it is sent.

    :param conn_id: the connection whose password it is
    :param variable: the variable whose value it is
    """

    kind = "secret"

    conn_id: str | None = None
    _: KW_ONLY
    variable: str | None = None

    def __post_init__(self) -> None:
        self.check(rules.text, "conn_id", "variable")
        if (self.conn_id is None) == (self.variable is None):
            self.refuse("conn_id", "a secret is a connection's password or a variable", "name one of the two")


@dataclass(frozen=True)
class KerberosAttributes(Spec):
    """How the cluster authenticates by Kerberos; its security configuration must enable that.

    EMR takes the passwords in clear in its request. They are given by reference, never stand in a DAG, and are read
    just before the request is sent.

    :param realm: the Kerberos realm, such as EC2.INTERNAL
    :param kdc_admin_password: of the KDC on the cluster: ``Secret("connection_id")``
    :param cross_realm_trust_principal_password: of the trust with another realm, which has the same
    :param ad_domain_join_user: who may join instances to an Active Directory; with the next one, or neither
    :param ad_domain_join_password: that user's password
    """

    kind = "kerberos_attributes"

    realm: str
    kdc_admin_password: Secret
    _: KW_ONLY
    cross_realm_trust_principal_password: Secret | None = None
    ad_domain_join_user: str | None = None
    ad_domain_join_password: Secret | None = None

    def __post_init__(self) -> None:
        self.check(rules.text, "realm", "ad_domain_join_user", limit=rules.NAME_LIMIT)
        self.check(_secret, "kdc_admin_password", "cross_realm_trust_principal_password", "ad_domain_join_password")
        if (self.ad_domain_join_user is None) != (self.ad_domain_join_password is None):
            self.refuse(
                "ad_domain_join_user", "user and password go together", "give both, or neither", value="one of the two"
            )


def _secret(field: str, value: Any) -> Any:
    if isinstance(value, Secret) or (not isinstance(value, str) and not is_rendered(value)):
        return value
    raise InvalidSpec(
        field,
        HIDDEN,
        "a password does not stand in a DAG",
        'put it into a connection and write Secret("connection_id")',
    )
