"""The folders of the examples on the path, as Airflow and spark-submit put them there."""

from __future__ import annotations

import sys
from pathlib import Path

DAGS = Path(__file__).parents[2] / "dags"
JOBS = DAGS / "jobs"

sys.path[:0] = [str(DAGS), str(JOBS / "pipeline-apps")]
