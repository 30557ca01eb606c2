"""The options of Airflow's configuration section ``[emr_pipelines]``, with their defaults."""

from __future__ import annotations

from airflow_emr_pipelines.versions import conf

SECTION = "emr_pipelines"


def deployment() -> str:
    """The id that keeps several Airflows in one AWS account apart: part of every key and a tag on every cluster."""
    return str(conf.get(SECTION, "deployment", fallback=""))


def poll_seconds() -> float:
    """Seconds between two looks at the same cluster, at the least."""
    return float(conf.getfloat(SECTION, "poll_seconds", fallback=10.0))


def calls_per_second() -> float:
    """Watching calls a second that one process may spend per connection and region.

    EMR refills an account's ListSteps bucket with 0.5 a second, which every client of the account shares
    (https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-service-limits-strategy.html).
    """
    return float(conf.getfloat(SECTION, "calls_per_second", fallback=0.25))


def cancel_grace_seconds() -> float:
    """How long an interrupted step may take to end before its processes are killed."""
    return float(conf.getfloat(SECTION, "cancel_grace_seconds", fallback=20.0))


def log_wait_seconds() -> float:
    """How long to wait for a failed step's logs in S3. EMR uploads them every five minutes."""
    return float(conf.getfloat(SECTION, "log_wait_seconds", fallback=300.0))
