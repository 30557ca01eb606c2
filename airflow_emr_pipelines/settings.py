"""The options of Airflow's configuration section ``[emr_pipelines]``, with their defaults."""

from __future__ import annotations

from airflow_emr_pipelines.specs.values import rules
from airflow_emr_pipelines.versions import conf

SECTION = "emr_pipelines"
LEAST_CALLS_PER_SECOND = 0.001


def deployment() -> str:
    """The id that keeps several Airflows in one AWS account apart: part of every key and a tag on every cluster."""
    return str(conf.get(SECTION, "deployment", fallback=""))


def poll_seconds() -> float:
    """Seconds between two looks at the same cluster, at the least."""
    return _number("poll_seconds", 10.0)


def calls_per_second() -> float:
    """Watching calls a second that one process may spend per connection and region.

    EMR refills an account's ListSteps bucket with 0.5 a second, which every client of the account shares
    (https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-service-limits-strategy.html).
    """
    return _number("calls_per_second", 0.25, least=LEAST_CALLS_PER_SECOND)


def least_deferral_seconds() -> float:
    """For how long a task stays deferred at the least, so that Airflow has heard of it before the task goes on."""
    return _number("least_deferral_seconds", 10.0)


def cancel_grace_seconds() -> float:
    """How long an interrupted step may take to end before its processes are killed."""
    return _number("cancel_grace_seconds", 20.0)


def log_wait_seconds() -> float:
    """How long to wait for a failed step's logs in S3. EMR uploads them every five minutes."""
    return _number("log_wait_seconds", 300.0)


def _number(option: str, default: float, *, least: float = 0.0) -> float:
    """An option that is a number of at least so much.

    :raises InvalidSpec: it is less, or not finite
    """
    return float(rules.number(f"[{SECTION}] {option}", conf.getfloat(SECTION, option, fallback=default), least=least))
