"""What Airflow asks of a provider. Every ``airflow`` command reads it, so it imports nothing."""

from __future__ import annotations

from typing import Any

PACKAGE = "airflow_emr_pipelines"
INTEGRATION = "Amazon EMR pipelines"
MODULES = {
    "operators": (
        "branches",
        "ec2.cancel_steps",
        "ec2.cluster",
        "ec2.documents",
        "ec2.find_cluster",
        "ec2.modify_cluster",
        "ec2.reap",
        "ec2.run_report",
        "ec2.run_step",
        "ec2.security_configurations",
        "ec2.size_executors",
    ),
    "sensors": ("ec2.cluster", "ec2.steps"),
    "hooks": ("ec2.emr", "prices"),
    "triggers": ("jobs",),
}
"""The modules whose classes users of Airflow meet."""


def get_provider_info() -> dict[str, Any]:
    """Answer Airflow's entry point ``apache_airflow_provider``."""
    return {
        "package-name": "airflow-emr-pipelines",
        "name": INTEGRATION,
        "description": "Amazon EMR from Apache Airflow: operators, sensors, TaskGroups, an emulator with real Spark.",
        "versions": ["0.1.0"],
        "integrations": [
            {
                "integration-name": INTEGRATION,
                "external-doc-url": "https://docs.aws.amazon.com/emr/latest/ManagementGuide/",
                "tags": ["aws"],
            }
        ],
        **{
            layer: [
                {"integration-name": INTEGRATION, "python-modules": [f"{PACKAGE}.{layer}.{name}" for name in names]}
            ]
            for layer, names in MODULES.items()
        },
        "extra-links": [
            "airflow_emr_pipelines.links.EmrConsoleLink",
            "airflow_emr_pipelines.links.EmrLogsLink",
            "airflow_emr_pipelines.links.EmrToleratedLink",
            "airflow_emr_pipelines.links.EmrSparkHistoryLink",
        ],
        "cli": ["airflow_emr_pipelines.cli.get_commands"],
        "config": {"emr_pipelines": {"description": "How DAGs use Amazon EMR.", "options": CONFIG_OPTIONS}},
    }


CONFIG_OPTIONS: dict[str, dict[str, str | None]] = {
    "deployment": {
        "description": "The id that keeps several Airflows in one AWS account apart: part of the key of every job and "
        "a tag on every cluster. Choose one before the first run and keep it.",
        "version_added": "0.1.0",
        "type": "string",
        "example": "analytics-prod",
        "default": "",
    },
    "poll_seconds": {
        "description": "Seconds between two looks at the same cluster, at the least.",
        "version_added": "0.1.0",
        "type": "float",
        "example": None,
        "default": "10.0",
    },
    "calls_per_second": {
        "description": "Watching calls a second that one process may spend per connection and region. EMR refills an "
        "account's allowance of ListSteps with 0.5 a second, which all its clients share.",
        "version_added": "0.1.0",
        "type": "float",
        "example": None,
        "default": "0.25",
    },
    "least_deferral_seconds": {
        "description": "Seconds that a task stays deferred at the least. Airflow fails the try of one that goes on "
        "before its scheduler has heard that it is deferred; on a slow Airflow it is kept longer by itself.",
        "version_added": "0.1.0",
        "type": "float",
        "example": None,
        "default": "10.0",
    },
    "cancel_grace_seconds": {
        "description": "Seconds that an interrupted step may take to end before its processes are killed.",
        "version_added": "0.1.0",
        "type": "float",
        "example": None,
        "default": "20.0",
    },
    "log_wait_seconds": {
        "description": "Seconds to wait for a failed step's logs in S3. EMR uploads them every five minutes.",
        "version_added": "0.1.0",
        "type": "float",
        "example": None,
        "default": "300.0",
    },
}
