"""What releases there are, and what they have and run on."""

from __future__ import annotations

from airflow_emr_pipelines.emulator.aws.errors import Refused
from airflow_emr_pipelines.emulator.ec2 import aws_lists, release_labels, rules
from airflow_emr_pipelines.emulator.ec2.actions.registry import PAGE, Emr, Request, ResponseBody, action, page

MOST_LABELS = 100


@action
async def list_release_labels(emr: Emr, request: Request) -> ResponseBody:
    filters = request.get("Filters", {})
    prefix, application = filters.get("Prefix", ""), filters.get("Application")

    def wanted(label: str) -> bool:
        return label.startswith(prefix) and (application is None or release_labels.has(label, application))

    marker = {"Marker": request["NextToken"]} if "NextToken" in request else {}
    size = request.get("MaxResults", MOST_LABELS)
    found, token = page(aws_lists.release_labels(emr.region), lambda label: label, marker, size, wanted)
    return {"ReleaseLabels": found, "NextToken": token}


@action
async def describe_release_label(emr: Emr, request: Request) -> ResponseBody:
    if "ReleaseLabel" not in request:
        raise Refused("A ReleaseLabel is required.")
    rules.release_of(request["ReleaseLabel"])
    return {
        "ReleaseLabel": request["ReleaseLabel"],
        "Applications": release_labels.applications(request["ReleaseLabel"]),
    }


@action
async def list_supported_instance_types(emr: Emr, request: Request) -> ResponseBody:
    rules.release_of(request["ReleaseLabel"])
    found, marker = page(aws_lists.instance_types(request["ReleaseLabel"]), str, request, PAGE)
    return {"SupportedInstanceTypes": [aws_lists.descriptions()[name] for name in found], "Marker": marker}
