"""One of several parties whose work shares a cluster."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.values import addresses, arns, rules
from airflow_emr_pipelines.specs.values.base import Spec
from airflow_emr_pipelines.specs.values.templates import is_rendered

TENANT_ID = re.compile(r"[A-Z][A-Z0-9_]{0,31}|[a-z][a-z0-9_]{0,31}", re.ASCII)
"""What is one folder, one word of a role, a queue, a task id, and of a database, and nothing else in any of them."""


@dataclass(frozen=True)
class Tenant(Spec):
    """A tenant, and what is its own on a cluster that it shares with others.

    :param name: its id: 1 to 32 letters of one case, digits and underscores, a letter first. It becomes part of
        paths, roles, queues and databases, so nothing that could lead out of its own is taken
    :param execution_role_arn: the runtime role that its steps act as
    :param queue: its YARN queue
    :param pool: its pool in Airflow
    :param log_uri: where the logs of its steps go, s3://bucket/folder/
    :param quality_threshold: the share of good rows, from 0 to 1, under which its data are not taken
    """

    name: str
    _: KW_ONLY
    execution_role_arn: str | None = None
    queue: str | None = None
    pool: str | None = None
    log_uri: str | None = None
    quality_threshold: float = 0.95

    def __post_init__(self) -> None:
        self.check(tenant_id, "name")
        self.check(arns.role_arn, "execution_role_arn")
        self.check(rules.text, "queue", "pool")
        self.check(addresses.s3_folder, "log_uri")
        self.check(rules.number, "quality_threshold", least=0)
        if is_rendered(self.quality_threshold) and self.quality_threshold > 1:
            self.refuse("quality_threshold", "it is a share of the rows, at most 1", "write 0.95 for 95 %")

    def values(self) -> dict[str, Any]:
        """Its fields by name: what one task hands to others."""
        return dataclasses.asdict(self)


def tenant_id(field: str, value: Any) -> Any:
    """A tenant's id; a template is none, since it would not be judged before something ran."""
    if isinstance(value, str) and TENANT_ID.fullmatch(value):
        return str.__str__(value)
    raise InvalidSpec(
        field,
        value,
        "a tenant's id is 1 to 32 letters of one case, digits and underscores, a letter first: it becomes part of "
        "paths, roles, queues and databases",
        "write it like EWR or acme_2",
    )


def checked_tenants(tenants: Iterable[Tenant]) -> tuple[Tenant, ...]:
    """Tenants that are there, and each once: Hive would take EWR and ewr for the same.

    :param tenants: who shares the cluster, at least one
    """
    found: dict[str, Tenant] = {}
    for tenant in tenants:
        other = found.setdefault(tenant.name.lower(), tenant)
        if other is not tenant:
            raise InvalidSpec("tenants", tenant.name, f"it is {other.name} once more to Hive", "give each its own id")
    if not found:
        raise InvalidSpec("tenants", [], "there is none", "name at least one")
    return tuple(found.values())
