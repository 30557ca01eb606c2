"""A cluster that stands, for tasks under a scheduler."""

from __future__ import annotations

from tests.integration.operators.conftest import cluster_id, emr, log_bucket

__all__ = ["cluster_id", "emr", "log_bucket"]
