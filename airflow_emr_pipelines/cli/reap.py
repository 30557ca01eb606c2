"""``airflow emr reap``: clusters that outlived their DAG run, listed, and with ``--terminate`` ended."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_emr_pipelines.cli import dags, places

if TYPE_CHECKING:
    from airflow_emr_pipelines.hooks.ec2.reaper import Finding

MINUTES = 15


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--terminate", action="store_true", help="end the orphaned clusters; without it only list them")
    parser.add_argument("--deployment", metavar="ID", help="whose clusters; the configured deployment by default")
    parser.add_argument(
        "--older-than",
        type=_age,
        default=f"{MINUTES}",
        metavar="MINUTES",
        help=f"age of a cluster, {MINUTES} by default",
    )
    parser.add_argument("--aws-conn-id", default="aws_default", metavar="ID", help="AWS connection, aws_default")
    parser.add_argument(
        "--region-name", type=places.region, metavar="REGION", help="AWS region; the connection's by default"
    )
    parser.add_argument("--format", choices=("table", "json"), default="table", help="table by default")


def _age(text: str) -> timedelta:
    try:
        age = timedelta(minutes=float(text))
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of minutes") from None
    if age < timedelta():
        raise argparse.ArgumentTypeError(f"{text!r} is no age: write 0 or more minutes")
    return age


def run(options: argparse.Namespace) -> None:
    """Print every live cluster with a verdict; exit code 1 when one could not be ended, 2 when nothing can be told."""
    from airflow_emr_pipelines import settings, versions
    from airflow_emr_pipelines.errors import InvalidSpec
    from airflow_emr_pipelines.hooks.ec2.clusters import EmrClusters
    from airflow_emr_pipelines.hooks.ec2.reaper import Reaper

    clusters = EmrClusters(options.aws_conn_id, options.region_name)
    deployment = settings.deployment() if options.deployment is None else options.deployment
    try:
        with dags.stdout_is_stderr():
            reaper = Reaper(clusters, deployment, versions.run_is_over, older_than=options.older_than)
            findings = reaper.find()
    except InvalidSpec as refused:
        print(refused, file=sys.stderr)
        sys.exit(2)
    if options.format == "table":
        print(_table(findings))
    with dags.stdout_is_stderr():
        failed = reaper.end(findings) if options.terminate else []
    _tell(findings, failed, options.terminate, as_json=options.format == "json")
    if failed:
        sys.exit(1)


def _table(findings: Sequence[Finding]) -> str:
    from airflow_emr_pipelines.cli.table import table

    rows = [
        (
            found.cluster.id,
            found.cluster.name,
            found.cluster.state.value,
            "orphaned" if found.orphaned else "left alone",
            found.why,
        )
        for found in findings
    ]
    return table(("cluster", "name", "state", "verdict", "why"), rows, indent="") if rows else "No cluster is alive."


def _tell(findings: Sequence[Finding], failed: Sequence[str], terminate: bool, *, as_json: bool) -> None:
    """What came of the orphaned clusters; as JSON with all the others."""
    orphaned = [found.cluster.id for found in findings if found.orphaned]
    terminating = [cluster_id for cluster_id in orphaned if terminate and cluster_id not in failed]
    if as_json:
        told = [
            {
                "cluster_id": found.cluster.id,
                "name": found.cluster.name,
                "state": found.cluster.state.value,
                "orphaned": found.orphaned,
                "terminating": found.cluster.id in terminating,
                "why": found.why,
            }
            for found in findings
        ]
        print(json.dumps(told, indent=2))
    elif orphaned and not terminate:
        print(f"\nNothing was ended. With --terminate these {len(orphaned)} are: {' '.join(orphaned)}")
    elif orphaned:
        print(f"\nTerminating: {' '.join(sorted(terminating))}")
    if failed:
        print(f"Could not be terminated: {' '.join(failed)}", file=sys.stderr)
