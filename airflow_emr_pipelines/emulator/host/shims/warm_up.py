"""Touches the classes that most Spark and Hive steps load, while Java writes them to an archive."""

from __future__ import annotations

from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as f

BUCKET = "s3://bucket"

spark = (
    SparkSession.builder.config("spark.hadoop.javax.jdo.option.ConnectionURL", "jdbc:derby:memory:warm;create=true")
    .config("spark.hadoop.datanucleus.schema.autoCreateAll", "true")
    .enableHiveSupport()
    .getOrCreate()
)
rows = spark.range(100).select(
    "id", (f.col("id") % 7).alias("kind"), f.rand(1).alias("x"), f.current_timestamp().alias("t")
)
for form in ("csv", "json", "parquet"):
    rows.write.mode("overwrite").option("header", True).format(form).save(f"{BUCKET}/{form}")
    read = spark.read.option("header", True).option("inferSchema", True).format(form).load(f"{BUCKET}/{form}")
    read.groupBy("kind").agg(f.count("*"), f.avg("x"), f.countDistinct("id"), f.max("t")).orderBy("kind").collect()
ranked = read.withColumn("n", f.row_number().over(Window.partitionBy("kind").orderBy(f.desc("x"))))
ranked.join(f.broadcast(rows), "id").where("n = 1").dropDuplicates(["id"]).collect()
ranked.select(
    f.udf(lambda x: str(x))("x"), f.to_date("t"), f.regexp_replace(f.col("kind").cast("string"), "1", "2")
).count()
ranked.createOrReplaceTempView("ranked")
spark.sql("CREATE DATABASE IF NOT EXISTS warm")
spark.sql("CREATE TABLE warm.t (a INT) PARTITIONED BY (ds STRING) STORED AS PARQUET")
spark.sql("INSERT OVERWRITE TABLE warm.t PARTITION (ds = '1') SELECT CAST(kind AS INT) FROM ranked")
spark.sql("SELECT ds, sum(a) FROM warm.t GROUP BY ds").collect()
spark.stop()
