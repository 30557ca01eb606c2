"""``airflow emr iam-policy DAG_ID``: what the role of Airflow's connection has to be allowed for a DAG."""

from __future__ import annotations

import argparse
import json
import sys

from airflow_emr_pipelines.cli import dags, places


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    dags.add_arguments(parser)
    parser.add_argument(
        "--account",
        type=places.account,
        default=places.ANY,
        metavar="ID",
        help="AWS account of the resources; any by default",
    )
    parser.add_argument(
        "--region",
        type=places.region_or_any,
        default=places.ANY,
        metavar="REGION",
        help="region of tasks that name none; any by default",
    )
    parser.add_argument(
        "--partition", type=places.partition, default="aws", help="aws, aws-cn or aws-us-gov; aws by default"
    )
    parser.add_argument(
        "--deployment", metavar="ID", help="the deployment tag of clusters; the configured one by default"
    )
    parser.add_argument(
        "--log-uri", default="", metavar="URI", help="where clusters log that the DAG does not describe; any by default"
    )


def run(options: argparse.Namespace) -> None:
    """Print the policy, and on stderr what it could not know; exit code 2 without such a DAG or log URI."""
    from airflow_emr_pipelines import settings
    from airflow_emr_pipelines.errors import EmrPipelinesError
    from airflow_emr_pipelines.iam_policy.grants import policy_of
    from airflow_emr_pipelines.iam_policy.policy import Account
    from airflow_emr_pipelines.specs.values.addresses import s3_folder

    try:
        log_uri = s3_folder("--log-uri", options.log_uri) if options.log_uri else ""
        dag = dags.dag_of(options.dag_id, options.file)
    except EmrPipelinesError as refused:
        print(refused, file=sys.stderr)
        sys.exit(2)
    deployment = settings.deployment() if options.deployment is None else options.deployment
    account = Account(options.account, options.region, options.partition, deployment, log_uri)
    policy = policy_of(dag.tasks, account)
    print(json.dumps(policy.document(), indent=2))
    for note in policy.notes:
        print(note, file=sys.stderr)
