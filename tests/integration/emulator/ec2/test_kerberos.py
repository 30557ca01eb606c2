"""A cluster with Kerberos: its passwords go in, and never come out."""

from __future__ import annotations

import json

from tests.integration.emulator.region import Region

KERBEROS = {
    "AuthenticationConfiguration": {
        "KerberosConfiguration": {
            "Provider": "ClusterDedicatedKdc",
            "ClusterDedicatedKdcConfiguration": {"TicketLifetimeInHours": 24},
        }
    }
}


def test_a_kerberized_cluster_tells_its_realm_and_no_password(region: Region) -> None:
    region.emr.create_security_configuration(Name="kerberos", SecurityConfiguration=json.dumps(KERBEROS))
    attributes = {"Realm": "EC2.INTERNAL", "KdcAdminPassword": "hunter2", "CrossRealmTrustPrincipalPassword": "hunter3"}
    cluster = region.run(SecurityConfiguration="kerberos", KerberosAttributes=attributes)
    told = region.wait(cluster, "WAITING")
    assert told["SecurityConfiguration"] == "kerberos"
    assert told["KerberosAttributes"] == {
        "Realm": "EC2.INTERNAL",
        "KdcAdminPassword": "********",
        "CrossRealmTrustPrincipalPassword": "********",
    }
