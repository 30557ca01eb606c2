"""What every action has at hand, and the table of them by verb."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from airflow_emr_pipelines.emulator.aws.errors import Refused, no_such_cluster
from airflow_emr_pipelines.emulator.ec2 import rules
from airflow_emr_pipelines.emulator.ec2.instances import Collection
from airflow_emr_pipelines.emulator.ec2.lifecycle import ClusterLifecycles
from airflow_emr_pipelines.emulator.ec2.model import Clock, Cluster, Clusters, SecurityConfiguration, Settings, Step

ResponseBody = dict[str, Any]
Request = Mapping[str, Any]
T = TypeVar("T")

ACCOUNT = "123456789012"
PAGE = 50


class Emr:
    """EMR on EC2 in one region, as one request meets it.

    :param operation: the request's, by whose age it depends how a cluster is refused that is not there
    :param url: where the client found the emulator
    """

    def __init__(
        self,
        clusters: Clusters,
        lifecycles: ClusterLifecycles,
        clock: Clock,
        region: str,
        operation: str,
        url: str = "",
    ) -> None:
        self.clusters, self.lifecycles, self.clock = clusters, lifecycles, clock
        self.region, self.operation, self.url = region, operation, url

    @property
    def settings(self) -> Settings:
        return self.clusters.settings(self.region)

    @property
    def security_configurations(self) -> dict[str, SecurityConfiguration]:
        return self.settings.security_configurations

    def security_configuration(self, name: str) -> SecurityConfiguration:
        if name not in self.security_configurations:
            raise Refused(f"Security configuration with name '{name}' does not exist.")
        return self.security_configurations[name]

    def job_flows(self, request: Request) -> list[Cluster]:
        """The clusters of a verb that takes several, which all must exist."""
        if not 1 <= len(request["JobFlowIds"]) <= 10:
            raise Refused("1 to 10 job flow ids can be specified.")
        return [self.cluster(cluster_id) for cluster_id in request["JobFlowIds"]]

    def modifiable_job_flows(self, request: Request) -> list[Cluster]:
        """The same for a verb that changes them: none may be ending or have ended."""
        clusters = self.job_flows(request)
        for cluster in clusters:
            rules.modifiable(cluster)
        return clusters

    def cluster(self, cluster_id: str) -> Cluster:
        found = self.clusters.get(self.region, cluster_id)
        if found is None:
            raise no_such_cluster(self.operation, cluster_id)
        return found

    def modifiable_cluster(self, cluster_id: str) -> Cluster:
        """A cluster that is neither ending nor has ended."""
        cluster = self.cluster(cluster_id)
        rules.modifiable(cluster)
        return cluster


Action = Callable[[Emr, Request], Awaitable[ResponseBody]]
ACTIONS: dict[str, Action] = {}
SPELLED = {"ui": "UI", "url": "URL"}


def action(function: Action) -> Action:
    """Register a function under its verb: run_job_flow is RunJobFlow."""
    ACTIONS["".join(SPELLED.get(part, part.capitalize()) for part in function.__name__.split("_"))] = function
    return function


def by_id(thing: Cluster | Collection | Step) -> str:
    return thing.id


def page(
    everything: Sequence[T],
    key: Callable[[T], str],
    request: Request,
    size: int,
    wanted: Callable[[T], bool] = lambda _: True,
) -> tuple[Sequence[T], str | None]:
    """What is wanted after the request's marker, and the marker of the next page.

    A marker is the last thing that was told, not how many there were: what is new or no longer wanted by the time of
    the next page shifts nothing.
    """
    start = 0
    if "Marker" in request:
        keys = [base64.b64encode(key(thing).encode()).decode() for thing in everything]
        if request["Marker"] not in keys:
            raise Refused("The marker is not valid.")
        start = keys.index(request["Marker"]) + 1
    found = [thing for thing in everything[start:] if wanted(thing)]
    marker = base64.b64encode(key(found[size - 1]).encode()).decode() if len(found) > size else None
    return found[:size], marker
