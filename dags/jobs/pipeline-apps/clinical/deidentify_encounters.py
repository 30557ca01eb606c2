"""Encounter De-identification: a day's clinical records become a curated partition that names nobody.

The rules say of every field what becomes of it; a record with a field that they do not name is refused, since what is
not known may identify somebody. Messages and the audit tell fields and counts, never values.

How coarse ages and regions have to be depends on how many persons came: of the rules' levels the first counts at which
few enough regions must be left out for every cell to hold enough persons.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
from collections.abc import Sequence
from datetime import date
from typing import Any

import cells
import lake
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

SCHEMA = {
    "encounter_id": "STRING",
    "patient_id": "STRING",
    "name": "STRING",
    "birth_date": "DATE",
    "sex": "STRING",
    "postcode": "STRING",
    "insurance_number": "STRING",
    "phone": "STRING",
    "ward": "STRING",
    "admitted_at": "TIMESTAMP",
    "discharged_at": "TIMESTAMP",
    "diagnoses": "ARRAY<STRING>",
    "observations": "ARRAY<STRUCT<code: STRING, unit: STRING, value: DOUBLE>>",
    "note": "STRING",
}
RULES = {
    "dropped",
    "pseudonymised",
    "generalised",
    "diagnosis_characters",
    "shifted",
    "kept",
    "observations",
    "smallest_cell",
    "levels",
    "regions_suppressed_at_most",
}
GENERALISED = {"birth_date", "postcode", "diagnoses"}
REQUIRED = ("encounter_id", "patient_id", "birth_date", "sex", "postcode", "ward", "admitted_at", "discharged_at")
ICD_10 = r"^[A-Z][0-9]{2}(\\.[0-9]{1,2})?$"
QUASI_IDENTIFIERS = ("sex", "age_band", "region")
SHORTEST_KEY = 32
"""Characters: less can be guessed."""


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input-path", required=True, help="the day's folder of JSON lines")
    parser.add_argument("--processing-date", required=True, type=date.fromisoformat)
    parser.add_argument("--rules", required=True, help="JSON file: what becomes of each field")
    parser.add_argument("--key-secret", required=True, help="the secret of Secrets Manager that holds the key")
    parser.add_argument("--region", required=True, help="where that secret is")
    parser.add_argument("--target-table", required=True, help="database.table")
    parser.add_argument("--target-path", required=True, help="the table's folder")
    parser.add_argument("--audit-output", required=True, help="JSON file: what was done, without a value")
    parser.add_argument("--failure-threshold", type=float, required=True, help="share of broken records tolerated")
    return parser.parse_args(argv)


def main(options: argparse.Namespace) -> None:
    spark = lake.start("Encounter De-identification", hive=True)
    run(spark, options, key_of(options.key_secret, options.region))
    spark.stop()


def run(spark: SparkSession, options: argparse.Namespace, key: bytes) -> None:
    """Write the day's partition, and before it the audit, also of a day that is refused."""
    rules = rules_of(spark, options.rules)
    records = read(spark, options.input_path).cache()
    judged = judge(records, rules)
    counts = {row["fault"]: row["count"] for row in judged.groupBy("fault").count().collect()}
    sound = counts.pop(None, 0)
    total = sound + sum(counts.values())
    broken = total - sound > options.failure_threshold * total
    kept = deidentify(judged.where("fault IS NULL"), rules, key, options.processing_date).cache()
    persons = kept.select("patient_key").distinct().count()
    refused = broken or persons < rules["smallest_cell"]
    curated, reached = (None, None) if refused else generalise(kept, rules)
    audit = {
        "processing_date": str(options.processing_date),
        "refused": refused,
        "records_in": total,
        "records_out": 0 if refused else sound,
        "records_dropped": dict(sorted(counts.items())),
        "fields_dropped": filled(records, rules["dropped"]),
        "fields_pseudonymised": rules["pseudonymised"],
        "fields_generalised": sorted(rules["generalised"]),
        "fields_shifted": rules["shifted"]["fields"],
        "smallest_cell": rules["smallest_cell"],
        "reached": reached,
        "rules": options.rules,
    }
    lake.write_json(spark, options.audit_output, audit)
    if curated is not None:
        publish(curated, options)
    kept.unpersist()
    records.unpersist()
    if broken:
        why = ", ".join(f"{count} × {fault}" for fault, count in sorted(counts.items()))
        raise lake.DataError(
            f"{options.input_path} is refused: {total - sound} of {total} records are broken ({why}), "
            f"and {options.failure_threshold:.0%} are tolerated. Nothing was published."
        )
    if refused:
        raise lake.DataError(
            f"{options.input_path} is refused: its sound records are of fewer than {rules['smallest_cell']} persons, "
            "of whom each could be found. Nothing was published."
        )
    print(f"{sound} of {total} records are published without {', '.join(rules['dropped'])}")
    print(f"What is known of whom: {reached}")


def key_of(secret: str, region: str) -> bytes:
    """The key of the pseudonyms, read as the step's role: in no argument, setting or log."""
    import boto3
    from botocore.exceptions import ClientError

    try:
        answer = boto3.client("secretsmanager", region_name=region).get_secret_value(SecretId=secret)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise lake.DataError(f"The secret {secret} in {region} cannot be read: {code}.") from None
    key: str = answer["SecretString"]
    if len(key) < SHORTEST_KEY:
        raise lake.DataError(f"The secret {secret} is shorter than {SHORTEST_KEY} characters.")
    return key.encode()


def rules_of(spark: SparkSession, path: str) -> Any:
    """The rules, which say of each field of a record exactly once what becomes of it."""
    rules = lake.read_json(spark, path)
    if not isinstance(rules, dict):
        raise lake.DataError(f"The rules {path} are no object with {', '.join(sorted(RULES))}.")
    if lacking := sorted(RULES - set(rules)):
        raise lake.DataError(f"The rules {path} lack {', '.join(lacking)}.")
    if set(rules["generalised"]) != GENERALISED:
        raise lake.DataError(f"The rules {path} must generalise {', '.join(sorted(GENERALISED))}, and nothing else.")
    check_numbers(rules, path)
    shifted = rules["shifted"]["fields"]
    named = [
        *rules["dropped"],
        *rules["pseudonymised"],
        *rules["generalised"],
        *shifted,
        *rules["kept"],
        "observations",
    ]
    if wrong := sorted({name for name in {*named, *SCHEMA} if named.count(name) != (name in SCHEMA)}):
        raise lake.DataError(f"The rules {path} do not say once what becomes of {', '.join(wrong)}.")
    return rules


def check_numbers(rules: Any, path: str) -> None:
    """Refuse rules that do not say how far a field is generalised or shifted, or what is plausible."""
    try:
        bounds = rules["observations"].values()
        numbers = [
            rules["diagnosis_characters"],
            rules["shifted"]["days"],
            rules["smallest_cell"],
            *(level["postcode_digits"] for level in rules["levels"]),
        ]
        if [number for number in numbers if not isinstance(number, int) or number < 1]:
            raise ValueError(f"{numbers} are not all whole numbers above 0")
        if [rule for rule in bounds if not (isinstance(rule["unit"], str) and rule["from"] < rule["to"])]:
            raise ValueError("an observation has a unit, and bounds of which the first is below the second")
        ages = [level["ages_from"] for level in rules["levels"]]
        if not ages or [found for found in ages if found[0] != 0 or sorted(set(map(int, found))) != found]:
            raise ValueError("there are levels, each with ages_from: whole numbers that begin with 0 and rise")
        if not 0 <= rules["regions_suppressed_at_most"] <= 1:
            raise ValueError("regions_suppressed_at_most is a share, from 0 to 1")
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise lake.DataError(f"The rules {path} are malformed: {error!r}.") from None


def read(spark: SparkSession, folder: str) -> DataFrame:
    """The records as they were delivered. One with a field that nobody has judged must not come through."""
    files = [lake.join(folder, name) for name in lake.files_in(spark, folder)]
    if not files:
        raise lake.DataError(f"There is no input: {folder} holds no file.")
    text = spark.read.text(files)
    found = text.select(F.explode(F.json_object_keys("value")).alias("field")).distinct().collect()
    if unknown := sorted({row["field"] for row in found} - set(SCHEMA)):
        raise lake.DataError(f"{folder} has fields of which the rules say nothing: {', '.join(unknown)}.")
    schema = ", ".join(f"{name} {kind}" for name, kind in {**SCHEMA, "_malformed": "STRING"}.items())
    return spark.read.schema(schema).option("columnNameOfCorruptRecord", "_malformed").json(files)


def judge(records: DataFrame, rules: Any) -> DataFrame:
    """Each record with its first fault, or with none."""
    missing = [F.when(F.col(name).isNull(), F.lit(f"{name} is missing")) for name in REQUIRED]
    implausible = [
        F.when(
            F.expr(
                f"exists(observations, o -> o.code = '{code}' AND "
                f"(o.unit != '{rule['unit']}' OR NOT o.value BETWEEN {rule['from']} AND {rule['to']}))"
            ),
            F.lit(f"{code} is implausible"),
        )
        for code, rule in rules["observations"].items()
    ]
    fault = F.coalesce(
        F.when(F.col("_malformed").isNotNull(), F.lit("it is no record")),
        *missing,
        F.when(F.col("discharged_at") < F.col("admitted_at"), F.lit("it ends before it begins")),
        F.when(
            F.expr(f"coalesce(size(diagnoses), 0) < 1 OR exists(diagnoses, d -> NOT d RLIKE '{ICD_10}')"),
            F.lit("diagnoses are no codes of ICD-10"),
        ),
        *implausible,
    )
    return records.withColumn("fault", fault)


def deidentify(records: DataFrame, rules: Any, key: bytes, day: date) -> DataFrame:
    """Only what may be known of a stay, but for the age in years and the postcode, which `generalise` makes coarser.

    The pseudonyms are made in Python: a key that is a literal of Spark's would stand in its plans and event logs.
    """

    def pseudonym(value: str) -> str:
        return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:32]

    most = int(rules["shifted"]["days"])

    def days_shifted(patient_id: str) -> int:
        digest = hmac.new(key, b"shift of " + patient_id.encode(), hashlib.sha256).digest()
        return int.from_bytes(digest[:4], "big") % (2 * most + 1) - most

    hidden, shift = F.udf(pseudonym, T.StringType()), F.udf(days_shifted, T.IntegerType())
    values = [_value(code) for code in rules["observations"]]
    return records.withColumn("days", shift("patient_id")).select(
        *(hidden(name).alias(name.replace("_id", "_key")) for name in rules["pseudonymised"]),
        *rules["kept"],
        F.greatest(F.lit(0), F.floor(F.months_between(F.lit(day), "birth_date") / 12)).alias("age"),
        "postcode",
        *(
            F.expr(f"date_add(to_date({name}), days)").alias(name.replace("_at", "_on"))
            for name in rules["shifted"]["fields"]
        ),
        F.round((F.col("discharged_at").cast("long") - F.col("admitted_at").cast("long")) / 86400, 2).alias(
            "stay_days"
        ),
        F.expr(
            f"array_sort(array_distinct(transform(diagnoses, d -> left(d, {rules['diagnosis_characters']}))))"
        ).alias("diagnoses"),
        *values,
        F.lit(day).alias("batch_date"),
    )


def generalise(kept: DataFrame, rules: Any) -> tuple[DataFrame, dict[str, Any]]:
    """The stays with an age band and a region in the place of age and postcode, and what that came to.

    The first level counts that leaves out few enough regions; where none does, the one that leaves out the fewest.
    """
    records = kept.count()
    best: tuple[float, DataFrame, dict[str, Any]] | None = None
    for level in rules["levels"]:
        curated, reached = at_level(kept, level, rules["smallest_cell"])
        share = reached["region_suppressed"] / records
        if best is None or share < best[0]:
            best = share, curated, reached
        if share <= rules["regions_suppressed_at_most"]:
            break
    assert best is not None
    return best[1:]


def at_level(kept: DataFrame, level: Any, smallest: int) -> tuple[DataFrame, dict[str, Any]]:
    """The stays as the level tells them, values left out where too few persons share them with the others."""
    coarse = {
        "age": _age_band(level["ages_from"]).alias("age_band"),
        "postcode": F.substring("postcode", 1, level["postcode_digits"]).alias("region"),
    }
    told = kept.select(*(coarse.get(name, F.col(name)) for name in kept.columns))
    # Who is told in two ways counts in one of the cells only: none is taken for larger than it is.
    first = told.groupBy("patient_key").agg(F.min(F.struct(*QUASI_IDENTIFIERS)).alias("cell"))
    persons: dict[cells.Cell, int] = {
        tuple(row["cell"]): int(row["count"]) for row in first.groupBy("cell").count().collect()
    }
    for row in told.select(*QUASI_IDENTIFIERS).distinct().collect():
        persons.setdefault(tuple(row), 0)
    becomes = [(*cell, *to) for cell, to in cells.published(persons, smallest).items()]
    fields = [*QUASI_IDENTIFIERS, *(f"_{name}" for name in QUASI_IDENTIFIERS)]
    ways = kept.sparkSession.createDataFrame(becomes, ", ".join(f"{field} STRING" for field in fields))
    columns = [F.col(f"_{name}").alias(name) if name in QUASI_IDENTIFIERS else F.col(name) for name in told.columns]
    curated = told.join(F.broadcast(ways), list(QUASI_IDENTIFIERS)).select(*columns)
    return curated, {"level": level, **cells_of(curated, smallest)}


def cells_of(curated: DataFrame, smallest: int) -> dict[str, int]:
    """How large the cells are that were reached, counted anew, and for how many records a value was left out."""
    found = curated.groupBy(*QUASI_IDENTIFIERS).agg(
        F.countDistinct("patient_key").alias("persons"), F.count(F.lit(1)).alias("records")
    )
    rows = found.collect()
    reached = min(row["persons"] for row in rows)
    if reached < smallest:
        raise lake.DataError(f"A cell holds {reached} persons, and {smallest} are the least.")
    suppressed = {
        f"{name}_suppressed": sum(row["records"] for row in rows if row[name] is None) for name in QUASI_IDENTIFIERS
    }
    return {"cells": len(rows), "smallest_cell": reached, **suppressed}


def filled(records: DataFrame, names: Sequence[str]) -> dict[str, int]:
    """How many records have each of the fields."""
    (row,) = records.select(*(F.count(name).alias(name) for name in names)).collect()
    return {name: int(row[name]) for name in sorted(names)}


def publish(curated: DataFrame, options: argparse.Namespace) -> None:
    """Put the day's partition into the place of the one that was there, whole or not at all."""
    spark, table = curated.sparkSession, options.target_table
    database = table.partition(".")[0]
    fields = ", ".join(f"{field.name} {field.dataType.simpleString()}" for field in curated.schema)
    spark.sql(f"CREATE DATABASE IF NOT EXISTS {database} LOCATION '{options.target_path.rstrip('/')}/_database'")
    spark.sql(
        f"CREATE TABLE IF NOT EXISTS {table} ({fields}) USING parquet PARTITIONED BY (batch_date) "
        f"LOCATION '{options.target_path}'"
    )
    spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic")
    curated.coalesce(1).write.mode("overwrite").insertInto(table)


def _age_band(ages_from: list[int]) -> Column:
    """45-64 or, for the last one, 80+."""
    band = F.lit(f"{ages_from[-1]}+")
    for first, next_one in zip(ages_from[-2::-1], ages_from[:0:-1]):
        band = F.when(F.col("age") < next_one, F.lit(f"{first}-{next_one - 1}")).otherwise(band)
    return band


def _value(code: str) -> Column:
    """The mean of what was measured of that kind."""
    return F.expr(
        f"round(aggregate(filter(observations, o -> o.code = '{code}'), cast(0 as double), (sum, o) -> sum + o.value)"
        f" / nullif(size(filter(observations, o -> o.code = '{code}')), 0), 2)"
    ).alias(code)


if __name__ == "__main__":
    main(arguments())
