"""The user interfaces of a cluster's applications.

Source: https://docs.aws.amazon.com/emr/latest/ManagementGuide/app-history-spark-UI.html
"""

from __future__ import annotations

import re

from airflow_emr_pipelines.emulator.aws.errors import Refused
from airflow_emr_pipelines.emulator.ec2.model import Cluster
from airflow_emr_pipelines.emulator.ec2.rules.releases import release_of, supported_from

MOST_ACTIVE = 50
CLUSTER_ARN = re.compile(
    r"arn:aws[a-z-]*:elasticmapreduce:(?P<region>[a-z0-9-]+):[0-9]{12}:cluster/(?P<id>j-[A-Z0-9]+)"
)


def cluster_of(arn: str, region: str) -> str:
    """The cluster that an ARN names, which must be in the region."""
    found = CLUSTER_ARN.fullmatch(arn)
    if found is None or found["region"] != region:
        raise Refused(f"The TargetResourceArn '{arn}' is not valid: it must be the ARN of a cluster in {region}.")
    return found["id"]


def new_persistent_ui(cluster: Cluster, kind: str, *, active: int) -> None:
    """Refuse a persistent user interface that EMR would refuse, in a region that has so many active ones."""
    release = release_of(cluster.request["ReleaseLabel"])
    supported_from("A persistent application user interface", (5, 25, 0), release)
    if kind != "SHS":
        supported_from(f"A persistent application user interface for {kind}", (5, 30, 1), release)
    if cluster.primaries > 1:
        raise Refused(
            "Persistent application user interfaces are not supported on a cluster with three primary instances."
        )
    if active >= MOST_ACTIVE:
        raise Refused(f"At most {MOST_ACTIVE} persistent application user interfaces can be active.")


def on_cluster_ui(cluster: Cluster) -> None:
    """Refuse the user interfaces of a cluster that does not run."""
    if not cluster.state.usable:
        raise Refused(f"The cluster is {cluster.state.value}: its user interfaces are there while it runs or waits.")
