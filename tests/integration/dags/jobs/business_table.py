"""The business table as the analytics find it, made of a few flights that a test writes down."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from pyspark.sql import DataFrame, SparkSession

DAY = "2013-01-08"
TABLE = "flights_of_test"
COLUMNS = (
    "carrier STRING, carrier_name STRING, flight INT, seats INT, origin STRING, dest STRING, dest_name STRING, "
    "route STRING, distance INT, arr_delay INT, air_time INT, cancelled BOOLEAN, diverted BOOLEAN, late BOOLEAN, "
    "updated_at TIMESTAMP, flight_date STRING"
)


def flight(carrier: str = "AA", dest: str = "MIA", **other: Any) -> dict[str, Any]:
    """A flight from JFK that arrived in time on the day."""
    row = {
        "carrier": carrier,
        "carrier_name": f"{carrier} Airlines",
        "flight": 1,
        "seats": 100,
        "origin": "JFK",
        "dest": dest,
        "dest_name": dest,
        "distance": 1000,
        "arr_delay": 0,
        "air_time": 150,
        "cancelled": False,
        "diverted": False,
        "late": False,
        "updated_at": datetime(2013, 1, 9, 6, tzinfo=timezone.utc),
        "flight_date": DAY,
        **other,
    }
    return {"route": f"{row['origin']}-{row['dest']}", **row}


def cancelled(carrier: str = "AA", dest: str = "MIA", **other: Any) -> dict[str, Any]:
    return flight(carrier, dest, cancelled=True, arr_delay=None, air_time=None, **other)


def table_of(spark: SparkSession, *flights: dict[str, Any]) -> DataFrame:
    """Put the flights where a job finds them by the name of the table."""
    names = [column.split()[0] for column in COLUMNS.split(", ")]
    frame = spark.createDataFrame([tuple(row[name] for name in names) for row in flights], COLUMNS)
    frame.createOrReplaceTempView(TABLE)
    return frame
