"""What the example workflows read besides a day's flights and the reference tables, each made from those flights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.flights import DayOfFlights
from local.inputs import encounters, flight_events, tenants

INPUTS: tuple[Callable[[Any, DayOfFlights], None], ...] = (encounters.land, flight_events.land, tenants.land)
"""Each lands one workflow's input of a day: called with boto3's client of S3 and the flights of the day."""
