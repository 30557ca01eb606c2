"""Branches that meet, of shell steps: parameters say what fails, what is left out and what is found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import DAG, task, task_group

from airflow_emr_pipelines import (
    BootstrapAction,
    Branch,
    EmrCluster,
    InstanceGroups,
    ShellStep,
    branch_merge,
    existing_cluster,
    mapped_branch_merge,
    transient_cluster,
)

PARAMS: dict[str, Any] = {
    "cluster_id": "j-NONE",
    "found": ["a", "b", "c"],
    "failing": [],
    "tolerated": [],
    "left_out": [],
    "merge": "true",
}
NEVER_THERE = EmrCluster(
    "never there",
    "emr-7.10.0",
    InstanceGroups("m5.xlarge"),
    bootstrap_actions=(BootstrapAction("missing", "s3://no-such-bucket/missing.sh"),),
)


def branch(value: Mapping[str, Any]) -> Branch:
    """Fails where the parameters say so; the second step fails, and is tolerated, likewise."""
    name = value["name"]
    first = f"case ' {{{{ params.failing | join(' ') }}}} ' in *' {name} '*) echo no data of {name} >&2; exit 3;; esac"
    second = f"case ' {{{{ params.tolerated | join(' ') }}}} ' in *' {name} '*) exit 4;; esac"
    return Branch(
        {
            "first": ShellStep(f"first of {name}", first),
            "second": ShellStep(f"second of {name}", second, on_failure="CONTINUE"),
        },
        {"pool": "default_pool", "doc": f"of {name}"},
    )


def merge(made: str, missing: str) -> ShellStep:
    return ShellStep("merge", f"echo made={made} missing={missing}; {{{{ params.merge }}}}")


with DAG("branches", schedule=None, params=PARAMS, default_args={"retries": 0}):
    with existing_cluster("emr", "{{ params.cluster_id }}", deferrable=False) as emr:
        merged = branch_merge(emr, {name: branch({"name": name}) for name in "abc"}, merge)

        @task.branch
        def choose(**context: Any) -> list[str]:
            return [f"emr.{name}.first" for name in "abc" if name not in context["params"]["left_out"]]

        choose() >> [chain[0] for chain in merged.branches.values()]

with DAG("branches_found", schedule=None, params=PARAMS, default_args={"retries": 0}):

    @task
    def find(**context: Any) -> list[dict[str, str]]:
        return [{"name": name} for name in context["params"]["found"]]

    with existing_cluster("emr", "{{ params.cluster_id }}", deferrable=False) as emr:
        mapped_branch_merge(emr, find(), branch, merge)

with DAG("branches_without_cluster", schedule=None, params=PARAMS, default_args={"retries": 0}):
    with transient_cluster("emr", NEVER_THERE, deferrable=False) as emr:
        branch_merge(emr, {name: branch({"name": name}) for name in "ab"}, merge)

with DAG("branches_of_regions", schedule=None, params=PARAMS, default_args={"retries": 0}):

    def of_region(name: str, command: str) -> Branch:
        step = ShellStep(f"{name} of {{{{ ti.map_index }}}}", command, on_failure="CONTINUE")
        return Branch({"only": step})

    @task_group
    def region(name: str) -> None:
        small = EmrCluster("region", "emr-7.10.0", InstanceGroups("m5.xlarge"))
        with transient_cluster("emr", small, deferrable=False) as emr:
            branch_merge(emr, {"a": of_region("a", "true"), "b": of_region("b", "test {{ ti.map_index }} = 0")}, merge)
            emr.report()

    region.expand(name=["north", "south"])
