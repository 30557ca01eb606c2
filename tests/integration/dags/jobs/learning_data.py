"""A split that a model can learn from, or not, as a test wants it."""

from __future__ import annotations

import random
from pathlib import Path

from pyspark.sql import SparkSession

SIZES = {"train": 240, "validation": 80, "test": 80}


def rows(count: int, truth: float, seed: int) -> list[tuple[str, str, str, str, int, float, float]]:
    """Flights of four days whose delay on departure tells the target, as often as `truth` says, and noise."""
    dice = random.Random(seed)
    found = []
    for number in range(count):
        delay = dice.gauss(0, 1)
        label = int(delay > 0) if dice.random() < truth else int(delay <= 0)
        day, carrier = f"2013-01-0{1 + number % 4}", dice.choice(["AA", "BB"])
        found.append((f"{seed}-{number}", day, carrier, "JFK", label, delay, dice.random()))
    return found


COLUMNS = "flight_id STRING, flight_date STRING, carrier STRING, origin STRING, label INT, delay DOUBLE, noise DOUBLE"


def write_split(spark: SparkSession, folder: Path, truth: dict[str, float]) -> Path:
    """The parts of a split; `truth` is how often the features tell the target in each, 0.95 where it is not said."""
    split = folder / "split"
    every = [
        (*row, part)
        for seed, (part, size) in enumerate(SIZES.items())
        for row in rows(size, truth.get(part, 0.95), seed)
    ]
    frame = spark.createDataFrame(every, f"{COLUMNS}, part STRING")
    frame.coalesce(1).write.mode("overwrite").partitionBy("part").parquet(str(split))
    return split
