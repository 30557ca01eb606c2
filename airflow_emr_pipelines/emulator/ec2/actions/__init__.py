"""One small function for each action of EMR on EC2: judge by the rules, tell the model, shape the response."""

from __future__ import annotations

from airflow_emr_pipelines.emulator.ec2.actions import (  # noqa: F401 — each of which registers its actions
    app_uis,
    auto_termination,
    block_public_access,
    clusters,
    fleets,
    groups,
    instances,
    job_flows,
    releases,
    scaling,
    security_configurations,
    steps,
    switches,
    tags,
)
from airflow_emr_pipelines.emulator.ec2.actions.registry import ACTIONS, Emr

__all__ = ["ACTIONS", "Emr"]
