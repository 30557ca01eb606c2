"""Encounter De-identification: a day's clinical records become a curated partition that names nobody.

The rules say of every field what becomes of it; a record with a field that they do not name is refused, since what is
not known may identify somebody. Messages and the audit tell fields and counts, never values.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
from collections.abc import Sequence
from datetime import date
from typing import Any

import lake
from pyspark.sql import Column, DataFrame, SparkSession, Window
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
RULES = {"dropped", "pseudonymised", "generalised", "shifted", "kept", "observations", "smallest_cell"}
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
    curated = suppress(deidentify(judged.where("fault IS NULL"), rules, key, options.processing_date), rules).cache()
    refused = not sound or total - sound > options.failure_threshold * total
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
        "regions_suppressed": curated.where("region IS NULL").count(),
        "smallest_cell": rules["smallest_cell"],
        "rules": options.rules,
    }
    lake.write_json(spark, options.audit_output, audit)
    if not refused:
        publish(curated, options)
    curated.unpersist()
    records.unpersist()
    if refused:
        why = ", ".join(f"{count} × {fault}" for fault, count in sorted(counts.items()))
        raise lake.DataError(
            f"{options.input_path} is refused: {total - sound} of {total} records are broken ({why}), "
            f"and {options.failure_threshold:.0%} are tolerated. Nothing was published."
        )
    print(f"{sound} of {total} records are published without {', '.join(rules['dropped'])}")


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
        general, bounds = rules["generalised"], rules["observations"].values()
        numbers = [
            *(general["birth_date"][name] for name in ("years", "oldest")),
            general["postcode"]["digits"],
            general["diagnoses"]["characters"],
            rules["shifted"]["days"],
            rules["smallest_cell"],
        ]
        if [number for number in numbers if not isinstance(number, int) or number < 1]:
            raise ValueError(f"{numbers} are not all whole numbers above 0")
        if [rule for rule in bounds if not (isinstance(rule["unit"], str) and rule["from"] < rule["to"])]:
            raise ValueError("an observation has a unit, and bounds of which the first is below the second")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
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
    """Only what may be known of a stay.

    The pseudonyms are made in Python: a key that is a literal of Spark's would stand in its plans and event logs.
    """

    def pseudonym(value: str) -> str:
        return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:32]

    most = int(rules["shifted"]["days"])

    def days_shifted(patient_id: str) -> int:
        digest = hmac.new(key, b"shift of " + patient_id.encode(), hashlib.sha256).digest()
        return int.from_bytes(digest[:4], "big") % (2 * most + 1) - most

    hidden, shift = F.udf(pseudonym, T.StringType()), F.udf(days_shifted, T.IntegerType())
    general = rules["generalised"]
    values = [_value(code) for code in rules["observations"]]
    return records.withColumn("days", shift("patient_id")).select(
        *(hidden(name).alias(name.replace("_id", "_key")) for name in rules["pseudonymised"]),
        *rules["kept"],
        _age_band(general["birth_date"], day).alias("age_band"),
        F.col("postcode").substr(1, general["postcode"]["digits"]).alias("region"),
        *(
            F.expr(f"date_add(to_date({name}), days)").alias(name.replace("_at", "_on"))
            for name in rules["shifted"]["fields"]
        ),
        F.round((F.col("discharged_at").cast("long") - F.col("admitted_at").cast("long")) / 86400, 2).alias(
            "stay_days"
        ),
        F.expr(
            f"array_sort(array_distinct(transform(diagnoses, d -> left(d, {general['diagnoses']['characters']}))))"
        ).alias("diagnoses"),
        *values,
        F.lit(day).alias("batch_date"),
    )


def suppress(curated: DataFrame, rules: Any) -> DataFrame:
    """The region is left out where too few persons share it with what else may single somebody out."""
    group = Window.partitionBy(*QUASI_IDENTIFIERS)
    persons = F.size(F.collect_set("patient_key").over(group))
    return (
        curated.withColumn("persons", persons)
        .withColumn("region", F.when(F.col("persons") >= rules["smallest_cell"], F.col("region")))
        .drop("persons")
    )


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


def _age_band(rule: Any, day: date) -> Column:
    years, oldest = rule["years"], rule["oldest"]
    age = F.floor(F.months_between(F.lit(day), "birth_date") / 12)
    lowest = F.floor(age / years) * years
    band = F.concat(lowest.cast("string"), F.lit("-"), (lowest + years - 1).cast("string"))
    return F.when(age >= oldest, F.lit(f"{oldest}+")).otherwise(band)


def _value(code: str) -> Column:
    """The mean of what was measured of that kind."""
    return F.expr(
        f"round(aggregate(filter(observations, o -> o.code = '{code}'), cast(0 as double), (sum, o) -> sum + o.value)"
        f" / nullif(size(filter(observations, o -> o.code = '{code}')), 0), 2)"
    ).alias(code)


if __name__ == "__main__":
    main(arguments())
