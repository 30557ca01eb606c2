"""What a task costs besides the step: calls to AWS, and the worker's CPU, beside the stock provider's operator."""

from __future__ import annotations

import multiprocessing
import os
import resource
import statistics
import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow_emr_pipelines.cli.table import table
from benchmarks import emr as shapes
from local.local_emulator import LocalEmulator

ROUNDS = 15
FORK = multiprocessing.get_context("fork")


def measure(emulator: LocalEmulator, folder: Path) -> str:
    """Calls and CPU of one task that adds a step and waits for it in the worker; the two take turns."""
    os.environ.update({**emulator.environment, "AIRFLOW_HOME": str(folder / "airflow")})
    os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"
    cluster_id = shapes.start_cluster(emulator.client("emr"))
    tasks: Mapping[str, Callable[[str], None]] = {"EmrRunStepOperator": ours, "EmrAddStepsOperator": stock}
    calls = {name: counted(partial(run, cluster_id)) for name, run in tasks.items()}  # and all is imported
    spent: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(ROUNDS):
        for name, run in tasks.items():
            spent[name].append(cpu_of(run, cluster_id) * 1000)
    middle = {name: statistics.median(values) for name, values in spent.items()}
    rows = [
        (name, middle[name], ", ".join(f"{call} × {times}" for call, times in sorted(calls[name].items())))
        for name in tasks
    ]
    more = middle["EmrRunStepOperator"] - middle["EmrAddStepsOperator"]
    return (
        f"{table(('task', 'CPU ms', 'calls'), rows)}\n\n"
        f"  Ours takes {more:+.0f} ms of CPU, the median of {ROUNDS} that took turns, each in a process of its own.\n"
        "  How often the step is looked at depends on how long it takes."
    )


def cpu_of(run: Callable[[str], None], cluster_id: str) -> float:
    """Seconds of CPU of a task in a process of its own, as a worker runs it."""
    process = FORK.Process(target=run, args=(cluster_id,))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process.start()
    process.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert process.exitcode == 0, "the task failed"
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ours(cluster_id: str) -> None:
    from airflow_emr_pipelines import EmrRunStepOperator, ShellStep

    step = ShellStep("bench", "true")
    task = EmrRunStepOperator(
        task_id="t", step=step, cluster_id=cluster_id, deferrable=False, poll_seconds=1, aws_conn_id=None
    )
    task.execute(context())


def stock(cluster_id: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from airflow.providers.amazon.aws.operators.emr import EmrAddStepsOperator

        steps = [shapes.command("bash", "-c", "true")]
        EmrAddStepsOperator(
            task_id="t",
            job_flow_id=cluster_id,
            steps=steps,
            wait_for_completion=True,
            waiter_delay=1,
            aws_conn_id=None,
        ).execute(context())


def context() -> Any:
    """What a task on its first try is given."""
    now = datetime.now(timezone.utc)
    ti = SimpleNamespace(
        dag_id="bench",
        run_id=str(time.monotonic_ns()),
        task_id="t",
        map_index=-1,
        try_number=1,
        max_tries=0,
        start_date=now,
        xcom_push=lambda *_, **__: None,
        xcom_pull=lambda *_, **__: None,
    )
    return {"ti": ti, "task_instance": ti, "dag_run": SimpleNamespace(start_date=now)}


def counted(run: Callable[[], None]) -> Counter[str]:
    """The calls to AWS that it makes."""
    from botocore import client

    base: Any = client.BaseClient
    send, seen = base._make_api_call, Counter[str]()

    def sent(self: Any, operation: str, parameters: Any) -> Any:
        seen[operation] += 1
        return send(self, operation, parameters)

    base._make_api_call = sent
    try:
        run()
    finally:
        base._make_api_call = send
    return seen
