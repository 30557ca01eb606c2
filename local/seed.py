"""Land the examples' input in S3: flights a day, reference tables, and the files of the jobs.

``python -m local.seed --day 2013-01-01 --until 2013-01-07``
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from local.buckets import make_buckets, put
from local.flights import FIRST_DAY, LAST_DAY, REFERENCE_TABLES, flights_of, packaged_data, with_faults
from local.folders import named_folder
from local.inputs import INPUTS, encounters
from local.jobs import FOLDER, Jobs

ENV_FILE = ". .local/airflow/env"
RAW_BUCKET = "raw-data"
RESULT_BUCKETS = (
    "analytics-results",
    "business-data",
    "cleansed-data",
    "clinical-audit",
    "clinical-curated",
    "data-archive",
    "emr-logs",
    "ml-training",
    "model-registry",
    "stream-checkpoints",
    "stream-results",
    "temp-processing",
    "validation-results",
)


@dataclass(frozen=True)
class Landed:
    """What lies in a day's file: all its rows, and how many of them are planted duplicates and broken rows."""

    day: date
    rows: int
    duplicates: int
    broken: int


def seed(
    days: Iterable[date | str],
    *,
    s3_client: Any,
    plant_faults: int | None = None,
    dags_folder: Path | None = None,
    secrets_client: Any = None,
) -> list[Landed]:
    """Make the buckets that are missing, upload job files, reference tables and the flights of the days.

    :param days: from 2013-01-01 to 2013-12-31
    :param s3_client: boto3's client of S3
    :param plant_faults: a number from which duplicates and broken rows are drawn and added; none when not given
    :param dags_folder: the folder whose ``jobs/<bucket>/…`` is uploaded; looked for when not given
    :param secrets_client: boto3's client of Secrets Manager, for the key of the clinical pseudonyms; none is made when
        not given
    """
    wanted = [checked_day(day) for day in days]
    data, jobs = packaged_data(), (dags_folder or find_dags_folder()) / FOLDER
    if not jobs.is_dir():
        raise InvalidSpec("dags_folder", str(dags_folder), "it has the folder jobs", "name the dags/ of a checkout")
    make_buckets(s3_client, {RAW_BUCKET, *RESULT_BUCKETS})
    list(Jobs(jobs, s3_client).land())
    if secrets_client is not None:
        encounters.make_key(secrets_client)
    for table in REFERENCE_TABLES:
        put(s3_client, RAW_BUCKET, f"reference/{table}.csv", (data / f"{table}.csv").read_bytes())
    landed = []
    for true in flights_of(wanted):
        flights = true if plant_faults is None else with_faults(true, plant_faults)
        put(s3_client, RAW_BUCKET, key_of(flights.day), flights.csv())
        for land in INPUTS:
            land(s3_client, flights)
        landed.append(Landed(flights.day, flights.rows, flights.duplicates, flights.broken))
    return landed


def key_of(day: date) -> str:
    """Where a day's flights lie."""
    return f"daily/{day}/flights.csv"


def has_landed(day: date, *, s3_client: Any) -> bool:
    """Whether the day's flights lie in S3, true ones or with faults."""
    if RAW_BUCKET not in {bucket["Name"] for bucket in s3_client.list_buckets()["Buckets"]}:
        return False
    return "Contents" in s3_client.list_objects_v2(Bucket=RAW_BUCKET, Prefix=key_of(day), MaxKeys=1)


def checked_day(day: date | str) -> date:
    """The day as a date; one outside 2013 has no flights."""
    try:
        known = day if isinstance(day, date) else date.fromisoformat(day)
    except ValueError:
        raise InvalidSpec("day", day, "a day is written YYYY-MM-DD", "for example 2013-01-01") from None
    if not FIRST_DAY <= known <= LAST_DAY:
        raise InvalidSpec("day", str(known), "the flights are those of 2013", f"choose from {FIRST_DAY} to {LAST_DAY}")
    return known


def find_dags_folder() -> Path:
    """Airflow's DAGs folder as its environment names it, or ``dags`` here: the first that has the jobs."""
    home = Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser()
    named = os.environ.get("AIRFLOW__CORE__DAGS_FOLDER")
    candidates = [*([Path(named)] if named else []), Path("dags"), home / "dags"]
    for folder in candidates:
        if (folder / FOLDER).is_dir():
            return folder
    raise InvalidSpec(
        "dags_folder",
        ", ".join(map(str, candidates)),
        "the examples' job files lie in the folder jobs beside their DAGs",
        "pass --dags-folder with the dags/ of a checkout of this project",
    )


def days_between(first: date, last: date) -> list[date]:
    """All days from the first to the last."""
    if last < first:
        raise InvalidSpec("until", str(last), f"the last day is not before the first, {first}", "swap them")
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--day", default=str(FIRST_DAY), help=f"first day, {FIRST_DAY} when not given")
    parser.add_argument("--until", help="last day; only the first when not given")
    parser.add_argument("--plant-faults", type=int, metavar="SEED", help="add faulty rows drawn from SEED")
    parser.add_argument(
        "--dags-folder", type=named_folder, help="the folder with jobs/; Airflow's or ./dags when not given"
    )
    parser.add_argument("--endpoint-url", help="where S3 is; AWS_ENDPOINT_URL or AWS itself when not given")


def run(options: argparse.Namespace) -> None:
    """Carry the command out; credentials, region and endpoint are found as for any AWS client.

    It ends with 2 when what it is asked for makes no sense, and with 1 when it cannot be done.
    """
    try:
        landed = _seed_as_asked(options)
    except InvalidSpec as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except ModuleNotFoundError as error:
        sys.exit(str(error))
    for day in landed:
        planted = (
            f", of which {day.duplicates} duplicates and {day.broken} broken rows are planted" if day.broken else ""
        )
        print(f"s3://{RAW_BUCKET}/{key_of(day.day)}: {day.rows} rows{planted}")


def _seed_as_asked(options: argparse.Namespace) -> list[Landed]:
    """What landed; where no S3 can be asked, the program ends with the reason."""
    days = days_between(checked_day(options.day), checked_day(options.until or options.day))
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return seed(
            days,
            s3_client=boto3.client("s3", endpoint_url=options.endpoint_url),
            plant_faults=options.plant_faults,
            dags_folder=options.dags_folder,
            secrets_client=_secrets_of_an_emulator(options.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")),
        )
    except (BotoCoreError, ClientError) as error:
        told = str(error).rstrip(".")
        sys.exit(f"S3 cannot be used: {told}; for that of make up let this shell read its settings: {ENV_FILE}")


def _secrets_of_an_emulator(endpoint_url: str | None) -> Any:
    """In an account of AWS's a key is for a person to make, who says who may read it."""
    import boto3

    if endpoint_url is None:
        return None
    return boto3.client("secretsmanager", endpoint_url=endpoint_url, region_name=encounters.REGION)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments and carry the command out."""
    parser = argparse.ArgumentParser(prog="python -m local.seed", description=__doc__)
    add_arguments(parser)
    run(parser.parse_args(argv))


if __name__ == "__main__":
    main()
