"""Charts as PNG files beside the figures that they show."""

from __future__ import annotations

import io

import lake
from matplotlib.figure import Figure
from pyspark.sql import SparkSession


def beside(path: str) -> str:
    """Where the chart of a JSON file lies."""
    return f"{path[: -len('.json')] if path.endswith('.json') else path}.png"


def write(spark: SparkSession, path: str, figure: Figure) -> None:
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=120)
    lake.write_bytes(spark, path, drawn.getvalue())
