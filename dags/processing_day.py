"""Which day a run processes: said once, for scheduled and manual runs alike.

A run at 02:00 in New York, where the flights leave, processes the day that has ended: the day on which its data
interval starts. A bare cron string would date a run of Airflow 3 by the day that has just begun.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pendulum
from airflow.sdk import Param
from airflow.timetables.interval import CronDataIntervalTimetable  # here in every Airflow 3; airflow.sdk has it late

TIMEZONE = pendulum.timezone("America/New_York")
DAILY_AT_2 = CronDataIntervalTimetable("0 2 * * *", timezone=TIMEZONE)
START_DATE = pendulum.datetime(2013, 1, 1, tz=TIMEZONE)

DAY_PARAM = Param(None, type=["null", "string"], format="date", description="Process this day instead of the run's own")
DAY = "{{ processing_day(dag_run, params) }}"
MONTH_FOLDER = "{{ processing_day(dag_run, params)[:7].replace('-', '/') }}"


def processing_day(dag_run: Any, params: Mapping[str, Any]) -> str:
    """The day as YYYY-MM-DD: the parameter `day`, or the day on which the run's data interval starts.

    A run that was triggered without a logical date has no data interval: its day is the one before it runs.
    """
    if params.get("day"):
        return str(params["day"])
    if dag_run.data_interval_start is None:
        day = pendulum.instance(dag_run.run_after).in_timezone(TIMEZONE).subtract(days=1)
    else:
        day = pendulum.instance(dag_run.data_interval_start).in_timezone(TIMEZONE)
    return str(day.date())


MACROS = {"processing_day": processing_day}
