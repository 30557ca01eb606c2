"""The day's flights as three tenants deliver them: each airport those that leave from it."""

from __future__ import annotations

from typing import Any

from local.buckets import make_buckets, put
from local.flights import DayOfFlights

BUCKET = "tenant-data"
TENANTS = ("EWR", "JFK", "LGA")


def land(s3_client: Any, flights: DayOfFlights) -> None:
    """Put each tenant's rows where it delivers them; a row that names no tenant is nobody's."""
    make_buckets(s3_client, {BUCKET})
    origin = flights.header.split(",").index("origin")
    for tenant in TENANTS:
        lines = tuple(line for line in flights.lines if line.split(",")[origin] == tenant)
        key = f"{tenant}/raw/{flights.day}/flights.csv"
        put(s3_client, BUCKET, key, DayOfFlights(flights.day, flights.header, lines).csv())
