"""The exceptions that say how a cluster ended."""

from __future__ import annotations

from airflow_emr_pipelines.errors import ClusterFailed, ClusterGone, ClusterLost
from airflow_emr_pipelines.specs.ec2.reports import ClusterReport


def cluster_failed_error(report: ClusterReport) -> ClusterFailed:
    """A cluster did not become, or did not end, as it should."""
    return _error(report, ClusterFailed)


def cluster_gone_error(report: ClusterReport) -> ClusterFailed:
    """A cluster cannot take steps any more."""
    return _error(report, ClusterGone)


def _error(report: ClusterReport, kind: type[ClusterFailed]) -> ClusterFailed:
    return (ClusterLost if report.lost else kind)(
        report.id,
        report.name,
        report.state.value,
        report.code or "no code",
        report.message or "no reason given",
        "; ".join(report.error_details) or None,
    )
