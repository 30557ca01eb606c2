"""``airflow emr plan DAG_ID``: what a run of a DAG would send to EMR, without asking AWS anything."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_emr_pipelines.cli import dags

if TYPE_CHECKING:
    from airflow_emr_pipelines.plan.plan import Plan
    from airflow_emr_pipelines.plan.requests import Request


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    dags.add_arguments(parser)
    parser.add_argument("--params", type=_params, default={}, metavar="JSON", help="parameters of the run")
    parser.add_argument(
        "--logical-date", type=_when, metavar="DATE", help="of the run, in ISO 8601, UTC where it says no zone; now"
    )
    parser.add_argument(
        "--prices", type=_prices, metavar="FILE", help="what instances cost, as JSON; what the DAG says"
    )
    parser.add_argument("--hours", type=_hours, metavar="HOURS", help="that a cluster is expected to live in a run")
    parser.add_argument("--format", choices=("table", "json"), default="table", help="table by default")
    parser.add_argument("--strict", action="store_true", help="exit with 1 where there are warnings")


def _params(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f'{text!r} is no JSON object, such as {{"day": "2013-07-04"}}')
    return value


def _prices(path: str) -> Any:
    try:
        return json.loads(Path(path).read_text())
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{path!r} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{path!r} is not JSON: {error}") from error


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = 0.0
    if not 0 < hours < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of hours, such as 1.5")
    return hours


def _when(text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no date, such as 2013-07-04 or 2013-07-04T02:00") from error
    return when if when.tzinfo else when.replace(tzinfo=timezone.utc)


def run(options: argparse.Namespace) -> None:
    """Print the plan; exit code 2 when something would be refused, or there is no such DAG."""
    from airflow_emr_pipelines.errors import EmrPipelinesError
    from airflow_emr_pipelines.plan.plan import plan_of

    try:
        dag = dags.dag_of(options.dag_id, options.file)
        with dags.stdout_is_stderr():
            plan = plan_of(
                dag,
                logical_date=options.logical_date,
                params=options.params,
                prices=options.prices,
                hours=options.hours,
            )
    except EmrPipelinesError as refused:
        print(refused, file=sys.stderr)
        sys.exit(2)
    print(json.dumps(plan.to_json(), indent=2) if options.format == "json" else "\n".join(lines_of(plan)))
    if plan.errors:
        sys.exit(2)
    if plan.warnings and options.strict:
        sys.exit(1)


def lines_of(plan: Plan) -> Iterator[str]:
    """The plan for people."""
    from airflow_emr_pipelines.cli.table import table

    yield f"DAG {plan.dag_id}, as a run of {plan.logical_date} would have it. Nothing was sent."
    if not plan.requests and not plan.other_calls:
        yield "It has no task of Amazon EMR."
    for request in plan.requests:
        yield f"\n{request.task_id}: {request.operation}"
        yield from _request_lines(request)
    if plan.other_calls:
        rows = [(task_id, ", ".join(names)) for task_id, names in plan.other_calls.items()]
        yield "\nWhat other tasks may call\n" + table(("task", "operations"), rows)
    if plan.requests and plan.edges:
        yield "\nWhat comes before what\n" + table(("task", "then"), _below(plan.edges))
    if plan.costs:
        yield "\nWhat clusters cost\n" + "\n".join(f"  {cost}" for cost in plan.costs)
    for title, problems in (("Warnings", plan.warnings), ("Errors", plan.errors)):
        if problems:
            yield f"\n{title}\n" + "\n".join(f"  {each}" for each in problems)
    yield f"\n{len(plan.requests)} requests, {len(plan.warnings)} warnings, {len(plan.errors)} errors."


def _request_lines(request: Request) -> Iterator[str]:
    if request.body is None:
        yield "  not known before the run: " + ", ".join(request.unknown)
        return
    without_steps = {name: value for name, value in request.body.items() if name != "Steps"}
    yield _indented(json.dumps(without_steps, indent=2, ensure_ascii=False), 2)
    by_task = request.operation == "AddJobFlowSteps" and not request.stock
    for step, word in zip(request.steps, request.on_failure, strict=True):
        yield f"  step {step.get('Name')}"
        yield from _step_lines(step, word, carried_out=by_task)


def _step_lines(step: Mapping[str, Any], word: str, *, carried_out: bool) -> Iterator[str]:
    sent = step.get("ActionOnFailure", "nothing")
    carried = ", which the task carries out" if carried_out and word != sent else ""
    yield f"    on failure {word}{carried}; EMR is told {sent}"
    jar_step = step.get("HadoopJarStep")
    if not isinstance(jar_step, Mapping):
        jar_step = {"HadoopJarStep": jar_step}
    for name, value in jar_step.items():
        if name != "Args":
            yield f"    {name} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
    yield from (f"      {argument}" for argument in jar_step.get("Args", ()))
    for name in step.keys() - {"Name", "ActionOnFailure", "HadoopJarStep"}:
        yield f"    {name} {json.dumps(step[name], ensure_ascii=False)}"


def _below(edges: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """One row a task."""
    below: dict[str, list[str]] = {}
    for first, then in edges:
        below.setdefault(first, []).append(then)
    return [(first, ", ".join(then)) for first, then in below.items()]


def _indented(text: str, by: int) -> str:
    return "\n".join(" " * by + line for line in text.splitlines())
