"""Synthetic encounters of a hospital, for the governed ETL: nobody in them has ever lived.

Names, numbers, values and courses are drawn from fixed seeds: the same patients come again on other days, and a day is
the same whenever it is landed. What a day's delivery holds are the stays that were documented on that day.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from random import Random
from typing import Any

from local.buckets import make_buckets, put
from local.flights import DayOfFlights

BUCKET = "clinical-landing"
KEY_SECRET = "clinical/pseudonym-key"
REGION = "eu-central-1"
ENCOUNTERS, PATIENTS, BROKEN = 150, 400, 2
WARDS = {"cardiology": 30, "geriatrics": 25, "surgery": 25, "neurology": 18, "rheumatology": 2}
DIAGNOSES = {
    "cardiology": ("I10", "I21.4", "I48.0", "I50.1"),
    "geriatrics": ("F00.1", "I10", "J18.9", "S72.0"),
    "surgery": ("K35.8", "K40.9", "K80.2", "S82.6"),
    "neurology": ("G20.1", "G40.2", "G45.9", "I63.4"),
    "rheumatology": ("M05.8", "M32.1"),
}
VALUES = {
    "heart_rate": ("/min", 78, 14),
    "systolic_pressure": ("mmHg", 132, 19),
    "temperature": ("Cel", 37.0, 0.6),
    "creatinine": ("mg/dL", 1.0, 0.2),
}
"""What is measured, its unit, its mean and its spread."""
FIRST_NAMES = ("Alma", "Bela", "Cora", "Dario", "Emil", "Frida", "Gesa", "Henk", "Ivo", "Jette", "Kalle", "Lene")
LAST_NAMES = ("Adler", "Birk", "Claas", "Dorn", "Esch", "Falk", "Gruber", "Holm", "Iden", "Jansen", "Kern", "Lenz")

Record = dict[str, Any]


def land(s3_client: Any, flights: DayOfFlights) -> None:
    """Put the day's delivery into S3; among the flights' planted faults two broken records are planted here."""
    make_buckets(s3_client, {BUCKET})
    lines = [json.dumps(record) for record in encounters_of(flights.day, broken=BROKEN if flights.broken else 0)]
    put(s3_client, BUCKET, key_of(flights.day), "\n".join((*lines, "")).encode())


def key_of(day: date) -> str:
    """Where a day's delivery lies."""
    return f"encounters/{day}/encounters.jsonl"


def make_key(secrets_client: Any) -> None:
    """Make the key of the pseudonyms, unless there is one: nobody needs to know it."""
    try:
        secrets_client.create_secret(Name=KEY_SECRET, SecretString=secrets.token_hex(32))
    except secrets_client.exceptions.ResourceExistsException:
        return


def encounters_of(day: date, *, broken: int = 0) -> Iterator[Record]:
    """The day's records; the first so many of them lack when the patient was admitted."""
    draw = Random(f"encounters of {day}")
    for number in range(ENCOUNTERS):
        record = _encounter(day, number, draw)
        if number < broken:
            record["admitted_at"] = None
        yield record


def _patient(number: int) -> Record:
    draw = Random(f"patient {number}")
    return {
        "patient_id": f"P{number:06d}",
        "name": f"{draw.choice(FIRST_NAMES)} {draw.choice(LAST_NAMES)}",
        "birth_date": str(date(1918, 1, 1) + timedelta(days=draw.randrange(77 * 365))),
        "sex": draw.choice(("female", "male")),
        "postcode": f"{draw.choice((10, 20, 50, 80))}{draw.randrange(1000):03d}",
        "insurance_number": f"{draw.choice('ABCDEF')}{draw.randrange(10**9):09d}",
        "phone": f"+49 30 {draw.randrange(10**7):07d}",
    }


def _encounter(day: date, number: int, draw: Random) -> Record:
    patient = _patient(draw.randrange(PATIENTS))
    (ward,) = draw.choices(list(WARDS), list(WARDS.values()))
    discharged = datetime(day.year, day.month, day.day, 8, tzinfo=timezone.utc) - timedelta(
        minutes=draw.randrange(10 * 24 * 60)
    )
    admitted = discharged - timedelta(minutes=60 + round(draw.expovariate(1 / (5 * 24 * 60))))
    return {
        "encounter_id": f"E{day:%Y%m%d}{number:04d}",
        **patient,
        "ward": ward,
        "admitted_at": admitted.isoformat(),
        "discharged_at": discharged.isoformat(),
        "diagnoses": sorted(draw.sample(DIAGNOSES[ward], draw.choice((1, 1, 2)))),
        "observations": [
            {"code": code, "unit": unit, "value": round(draw.gauss(mean, spread), 2)}
            for code, (unit, mean, spread) in VALUES.items()
        ],
        "note": f"{patient['name']} was seen on {ward}.",
    }
