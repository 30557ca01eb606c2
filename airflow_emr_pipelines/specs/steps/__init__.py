"""Steps: what to run, as frozen values that check themselves. How each looks to a service is a function elsewhere."""

from __future__ import annotations

from airflow_emr_pipelines.specs.steps.base import OnFailure, Step
from airflow_emr_pipelines.specs.steps.custom_jar import CustomJarStep
from airflow_emr_pipelines.specs.steps.hive import HiveStep
from airflow_emr_pipelines.specs.steps.s3_dist_cp import S3DistCpStep
from airflow_emr_pipelines.specs.steps.shell import ShellStep
from airflow_emr_pipelines.specs.steps.spark import SparkStep

__all__ = ["CustomJarStep", "HiveStep", "OnFailure", "S3DistCpStep", "ShellStep", "SparkStep", "Step"]
