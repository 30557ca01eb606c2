"""What the tasks of Amazon EMR on EC2 wait for."""

from __future__ import annotations

from functools import partial

from airflow_emr_pipelines.specs.ec2.reports import ClusterReport, CollectionReport, StepReport
from airflow_emr_pipelines.specs.reports import Reports
from airflow_emr_pipelines.triggers.jobs import JobKind

STEP = JobKind("ec2.steps.EmrSteps", "step_id", ("cluster_id",), StepReport.from_event)
STEPS = JobKind("ec2.steps.EmrSteps", "step_ids", ("cluster_id",), partial(Reports.from_event, StepReport))
CLUSTER = JobKind("ec2.clusters.EmrClusters", "cluster_id", (), ClusterReport.from_event)
COLLECTIONS = JobKind(
    "ec2.collections.EmrCollections",
    "collection_ids",
    ("cluster_id", "fleets"),
    partial(Reports.from_event, CollectionReport),
)
"""Instance groups, or fleets."""
