"""Raw CSV read by a schema of the registry, and its rows judged by quality rules: both are JSON files in S3.

Here alone stands which rows are broken, and which of several reports of one flight counts: every job that reads raw
rows takes them from here. A file that is malformed is refused before a row is read, with what is wrong in it.
"""

from __future__ import annotations

from typing import Any

import lake
from pyspark.errors import ParseException
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

Schema = dict[str, Any]
Rule = dict[str, str]

BROKEN_RULES = "broken_rules"
SCHEMA_RULE = "schema"
LATEST, EARLIEST = "latest_timestamp", "earliest_timestamp"
"""Which report of one key counts, by the schema's timestamp."""
_BROKEN_LINE = "_broken_line"


def schema_of(spark: SparkSession, registry: str, table: str) -> Schema:
    path = lake.join(registry, f"{table}.json")
    schema = lake.read_json(spark, path)
    if not isinstance(schema, dict) or not isinstance(schema.get("missing_value"), str):
        raise lake.DataError(f"Malformed {path}: it is an object with columns and missing_value.")
    named(path, "columns", schema, "name", "type")
    for derived in named(path, "derived", {"derived": [], **schema}, "name", "expression"):
        check_sql(spark, path, derived["name"], derived["expression"])
    return schema


def rules_of(spark: SparkSession, path: str) -> list[Rule]:
    rules = named(path, "rules", lake.read_json(spark, path), "name", "valid_if")
    for rule in rules:
        check_sql(spark, path, rule["name"], rule["valid_if"])
    return rules


def named(path: str, member: str, found: Any, *needed: str) -> list[dict[str, str]]:
    """The list of that name in what a file holds, each of which has the texts that are needed."""
    parts = found.get(member) if isinstance(found, dict) else None
    if not isinstance(parts, list):
        raise lake.DataError(f"Malformed {path}: it is an object with a list of {member}.")
    for part in parts:
        if not isinstance(part, dict) or not all(isinstance(part.get(name), str) for name in needed):
            raise lake.DataError(f"Malformed {path}: each of {member} has {' and '.join(needed)}, not {part!r}.")
    return parts


def check_sql(spark: SparkSession, path: str, name: str, sql: str) -> None:
    """Refuse what is no expression of SQL by Spark's own parser: `F.expr` asks it no sooner than the column is used."""
    session: Any = spark
    try:
        session._jsparkSession.sessionState().sqlParser().parseExpression(sql)
    except ParseException as error:
        told = str(error).strip().partition("\n")[0]
        raise lake.DataError(f"Malformed {path}: {name} is no SQL: {sql!r}. {told}") from None


def rule_names(rules: list[Rule]) -> list[str]:
    """The schema itself is the first rule."""
    return [SCHEMA_RULE, *(rule["name"] for rule in rules)]


def read_raw(spark: SparkSession, paths: list[str], schema: Schema) -> DataFrame:
    """All fields as text, so that a value that breaks its type is seen rather than lost; refuses another header."""
    columns = ", ".join(f"`{column['name']}` STRING" for column in schema["columns"])
    return (
        spark.read.schema(f"{columns}, {_BROKEN_LINE} STRING")
        .option("header", True)
        .option("enforceSchema", False)
        .option("nullValue", schema["missing_value"])
        .option("columnNameOfCorruptRecord", _BROKEN_LINE)
        .csv(paths)
    )


def judge(raw: DataFrame, schema: Schema, rules: list[Rule], processing_date: str | Column) -> DataFrame:
    """The rows with their types, the schema's derived columns, and the names of the rules that each one breaks.

    A rule's SQL says what a good row is; `processing_date` may be used in it: one day for all rows, or a column that
    says each row's own. NULL is not a yes.
    """
    columns = schema["columns"]
    named = raw.select(
        *(F.expr(f"try_cast(`{column['name']}` AS {column['type']})").alias(column["name"]) for column in columns),
        _fits(columns).alias("_fits"),
        F.element_at(F.split(F.input_file_name(), "/"), -1).alias("source_file"),
        F.lit(processing_date).cast("date").alias("processing_date"),
    )
    for derived in schema.get("derived", []):
        named = named.withColumn(derived["name"], F.expr(derived["expression"]))
    verdicts = [
        _broken(SCHEMA_RULE, F.col("_fits")),
        *(_broken(rule["name"], F.expr(rule["valid_if"])) for rule in rules),
    ]
    broken = F.filter(F.array(*verdicts), lambda name: name.isNotNull())
    return named.withColumn(BROKEN_RULES, broken).drop("_fits", "processing_date")


def is_broken() -> Column:
    return F.size(BROKEN_RULES) > 0


def accepted(judged: DataFrame, schema: Schema) -> DataFrame:
    """What a job works with: the rows that break no rule, each key once, as its latest report tells it."""
    return deduplicated(judged.filter(~is_broken()).drop(BROKEN_RULES), schema, LATEST)


def deduplicated(good: DataFrame, schema: Schema, strategy: str) -> DataFrame:
    """The latest (or earliest) report of each key; among equally old ones always, and in every job, the same."""
    timestamp = F.col(schema["timestamp"])
    first = timestamp.desc() if strategy == LATEST else timestamp.asc()
    told = F.xxhash64(*(column["name"] for column in schema["columns"]))
    order = Window.partitionBy(*schema["key"]).orderBy(first, told, F.xxhash64(*good.columns))
    return good.withColumn("_place", F.row_number().over(order)).filter("_place = 1").drop("_place")


def _broken(name: str, valid: Column) -> Column:
    return F.when(~F.coalesce(valid, F.lit(False)), F.lit(name))


def _fits(columns: list[dict[str, Any]]) -> Column:
    fits = F.col(_BROKEN_LINE).isNull()
    for column in columns:
        typed = F.expr(f"try_cast(`{column['name']}` AS {column['type']})").isNotNull()
        fits = fits & (typed if column.get("required") else typed | F.col(column["name"]).isNull())
    return fits
