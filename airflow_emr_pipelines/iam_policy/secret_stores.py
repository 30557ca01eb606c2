"""Where Airflow's secrets backend keeps a secret, when that is AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STORES = {
    "SecretsManagerBackend": ("secretsmanager:GetSecretValue", "secretsmanager", "secret:{}-??????", "airflow"),
    "SystemsManagerParameterStoreBackend": ("ssm:GetParameter", "ssm", "parameter{}", "/airflow"),
}
"""By the backend's class: the action that reads a secret, its service and resource, and where it is by default."""
KINDS = {"conn_id": "connections", "variable": "variables"}


def resource_of(secret: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """The action, the service and the resource for a ``Secret``; None where Airflow keeps it elsewhere."""
    from airflow_emr_pipelines.versions import conf

    backend = (conf.get("secrets", "backend", fallback="") or "").rpartition(".")[2]
    if backend not in STORES:
        return None
    action, service, resource, root = STORES[backend]
    options: Any = conf.getjson("secrets", "backend_kwargs", fallback={}) or {}
    ((kind, name),) = ((kind, secret[kind]) for kind in KINDS if secret.get(kind))
    prefix = options.get(f"{KINDS[kind]}_prefix", f"{root}/{KINDS[kind]}")
    separator = options.get("sep", "/") if service == "secretsmanager" else "/"
    return action, service, resource.format(f"{prefix}{separator}{name}")
