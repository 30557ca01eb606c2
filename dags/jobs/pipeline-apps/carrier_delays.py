"""How late each carrier was on a day: one CSV file in, one small Parquet table out."""

from __future__ import annotations

import argparse

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--input", required=True)
parser.add_argument("--output", required=True)
options = parser.parse_args()

spark = SparkSession.builder.appName("Carrier delays").getOrCreate()
flights = spark.read.csv(options.input, header=True, nullValue="NA")
delays = (
    flights.groupBy("carrier")
    .agg(
        F.count("*").alias("flights"),
        F.count_if(F.isnull("dep_time")).alias("cancelled"),
        F.round(F.avg("arr_delay"), 1).alias("arrival_delay"),
    )
    .orderBy(F.desc("arrival_delay"))
)
delays.coalesce(1).write.mode("overwrite").parquet(options.output)
delays.show()
