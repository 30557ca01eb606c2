"""The de-identification: what is sound, what is not, and what may be known afterwards."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import deidentify_encounters as job
import lake
import pandas as pd
import pytest
from moto import mock_aws
from pyspark.sql import SparkSession

from local.inputs.encounters import encounters_of

DAY = date(2013, 1, 1)
RULES = Path(__file__).parents[4] / "dags" / "jobs" / "clinical-rules" / "encounters.json"
KEY = b"0123456789abcdef0123456789abcdef"


@pytest.fixture
def options(lake_folder: Path, spark: SparkSession) -> Iterator[Any]:
    """The job's arguments, on folders of this machine."""
    (lake_folder / "in").mkdir()
    yield job.arguments(
        [
            f"--input-path={lake_folder / 'in'}",
            f"--processing-date={DAY}",
            f"--rules={RULES}",
            "--key-secret=clinical/pseudonym-key",
            "--region=eu-central-1",
            "--target-table=clinical_tried.encounters",
            f"--target-path={lake_folder / 'out'}",
            f"--audit-output={lake_folder / 'audit.json'}",
            "--failure-threshold=0.1",
        ]
    )
    spark.sql("DROP DATABASE IF EXISTS clinical_tried CASCADE")


def deliver(options: Any, records: list[Any]) -> None:
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    (Path(options.input_path) / "encounters.jsonl").write_text("\n".join(lines))


def audit_of(options: Any) -> Any:
    return json.loads(Path(options.audit_output).read_text())


@pytest.fixture
def records() -> list[Any]:
    return list(encounters_of(DAY))[:40]


def without(name: str) -> Any:
    return lambda record: {**record, name: None}


def observed(**changes: Any) -> Any:
    return lambda record: {**record, "observations": [{**record["observations"][0], **changes}]}


BROKEN: list[tuple[Callable[[Any], Any], str]] = [
    (lambda record: json.dumps(record)[:-1], "it is no record"),
    (lambda record: {**record, "birth_date": "last year"}, "it is no record"),
    (without("patient_id"), "patient_id is missing"),
    (without("discharged_at"), "discharged_at is missing"),
    (lambda record: {**record, "discharged_at": "2001-01-01T00:00:00"}, "it ends before it begins"),
    (without("diagnoses"), "diagnoses are no codes of ICD-10"),
    (lambda record: {**record, "diagnoses": ["I10", "a cold"]}, "diagnoses are no codes of ICD-10"),
    (observed(value=900.0), "heart_rate is implausible"),
    (observed(unit="Hz"), "heart_rate is implausible"),
]


def test_broken_records_are_dropped_and_counted_by_their_faults(
    spark: SparkSession, options: Any, records: list[Any]
) -> None:
    options.failure_threshold = 0.5
    broken = [break_it(record) for (break_it, _), record in zip(BROKEN, records, strict=False)]
    deliver(options, [*broken, *records[len(BROKEN) :]])
    job.run(spark, options, KEY)
    audit, left = audit_of(options), len(records) - len(BROKEN)
    assert (audit["records_in"], audit["records_out"]) == (len(records), left)
    assert audit["records_dropped"] == Counter(fault for _, fault in BROKEN)
    kept = {record["patient_id"] for record in records[len(BROKEN) :]}
    assert spark.table(options.target_table).count() == left
    assert spark.table(options.target_table).select("patient_key").distinct().count() == len(kept)


def test_a_rerun_puts_the_day_into_its_own_place_and_leaves_other_days(
    spark: SparkSession, options: Any, records: list[Any]
) -> None:
    deliver(options, records)
    job.run(spark, options, KEY)
    other = job.arguments([f"--{name.replace('_', '-')}={value}" for name, value in vars(options).items()])
    other.processing_date = date(2013, 1, 2)
    job.run(spark, other, KEY)
    deliver(options, records[:39])
    job.run(spark, options, KEY)
    counts = {
        str(row.batch_date): row["count"]
        for row in spark.table(options.target_table).groupBy("batch_date").count().collect()
    }
    assert counts == {"2013-01-01": 39, "2013-01-02": 40}


def test_pseudonyms_are_the_keys_and_stay_the_same_for_a_patient(
    spark: SparkSession, options: Any, records: list[Any]
) -> None:
    deliver(options, records)
    rules = json.loads(RULES.read_text())
    delivered = job.read(spark, options.input_path)

    def pseudonyms(key: bytes) -> set[str]:
        rows = job.deidentify(delivered, rules, key, DAY).select("patient_key").collect()
        return {row.patient_key for row in rows}

    mine = pseudonyms(KEY)
    assert len(mine) == len({record["patient_id"] for record in records})
    assert all(re.fullmatch("[0-9a-f]{32}", word) for word in mine)
    assert pseudonyms(KEY) == mine
    assert pseudonyms(KEY[::-1]).isdisjoint(mine)


def test_the_key_stands_in_no_plan(spark: SparkSession, options: Any, records: list[Any]) -> None:
    deliver(options, records)
    rules = json.loads(RULES.read_text())
    found = job.deidentify(job.read(spark, options.input_path), rules, KEY, DAY)
    plan: Any = found._jdf
    assert KEY.decode() not in plan.queryExecution().toString()


def test_too_many_broken_records_refuse_the_day_and_the_audit_says_so(
    spark: SparkSession, options: Any, records: list[Any]
) -> None:
    deliver(options, [*["{"] * 5, *records[5:]])
    with pytest.raises(
        lake.DataError, match=r"5 of 40 records are broken \(5 × it is no record\), and 10% are tolerated"
    ):
        job.run(spark, options, KEY)
    assert (audit_of(options)["refused"], audit_of(options)["records_out"]) == (True, 0)
    assert not Path(options.target_path).exists()


def test_a_field_that_nobody_has_judged_is_refused(spark: SparkSession, options: Any, records: list[Any]) -> None:
    deliver(options, [*records, {**records[0], "email": "a@b.org"}])
    with pytest.raises(lake.DataError, match="has fields of which the rules say nothing: email"):
        job.run(spark, options, KEY)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kept": ["sex"]}, "do not say once what becomes of ward"),
        ({"kept": ["sex", "ward", "name"]}, "do not say once what becomes of name"),
        ({"dropped": ["nmae", "phone", "insurance_number", "note"]}, "do not say once what becomes of name, nmae"),
        ({"generalised": []}, "must generalise birth_date, diagnoses, postcode, and nothing else"),
        ({"smallest_cell": 0}, "are malformed: ValueError.*are not all whole numbers above 0"),
        ({"shifted": {"fields": ["admitted_at", "discharged_at"]}}, "are malformed: KeyError.*days"),
        ({"observations": {"heart_rate": {"unit": "/min", "from": 250, "to": 20}}}, "the first is below the second"),
        ({"levels": []}, "are malformed: ValueError.*there are levels"),
        ({"levels": [{"ages_from": [0, 65, 45], "postcode_digits": 2}]}, "whole numbers that begin with 0 and rise"),
        ({"levels": [{"ages_from": [0], "postcode_digits": 0}]}, "are not all whole numbers above 0"),
        ({"regions_suppressed_at_most": 25}, "is a share, from 0 to 1"),
        (None, "lack diagnosis_characters, dropped, generalised, kept, levels, observations, pseudonymised"),
    ],
)
def test_rules_that_leave_something_open_are_refused(
    spark: SparkSession, tmp_path: Path, change: dict[str, Any] | None, said: str
) -> None:
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({**json.loads(RULES.read_text()), **change} if change else {}))
    with pytest.raises(lake.DataError, match=said):
        job.rules_of(spark, str(file))


def test_columns_keep_meaning_and_no_cell_is_small_on_days_of_many_and_of_few(
    spark: SparkSession, options: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ages and regions are as fine as the persons who came allow."""
    bands = {}
    for count in (150, 100):
        deliver(options, list(encounters_of(DAY))[:count])
        job.run(spark, options, KEY)
        reached = audit_of(options)["reached"]
        assert f"What is known of whom: {reached}" in capsys.readouterr().out
        curated = pd.read_parquet(options.target_path)
        assert len(curated) == count
        cells = curated.groupby(["sex", "age_band", "region"], dropna=False).patient_key.nunique()
        assert reached["smallest_cell"] == cells.min() >= 5
        assert (reached["cells"], reached["region_suppressed"]) == (len(cells), curated.region.isna().sum())
        assert (reached["sex_suppressed"], reached["age_band_suppressed"]) == (0, 0)
        assert curated.region.notna().mean() >= 0.75
        assert set(curated.sex) == {"female", "male"}
        bands[count] = curated.age_band.nunique()
    assert bands[150] > bands[100] >= 2


def test_a_day_of_fewer_persons_than_a_cell_holds_is_refused(
    spark: SparkSession, options: Any, records: list[Any]
) -> None:
    deliver(options, records[:4])
    with pytest.raises(lake.DataError, match="are of fewer than 5 persons, of whom each could be found"):
        job.run(spark, options, KEY)
    assert (audit_of(options)["refused"], audit_of(options)["reached"]) == (True, None)
    assert not Path(options.target_path).exists()


def test_no_delivery_is_no_empty_day(spark: SparkSession, options: Any) -> None:
    with pytest.raises(lake.DataError, match="There is no input"):
        job.run(spark, options, KEY)


def test_a_key_that_is_missing_or_can_be_guessed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        with pytest.raises(lake.DataError, match="eu-central-1 cannot be read: ResourceNotFoundException"):
            job.key_of("clinical/key", "eu-central-1")
        client = boto3.client("secretsmanager", region_name="eu-central-1")
        client.create_secret(Name="clinical/key", SecretString="short")
        with pytest.raises(lake.DataError, match="shorter than 32 characters") as refused:
            job.key_of("clinical/key", "eu-central-1")
        assert "'short'" not in str(refused.value)
        client.update_secret(SecretId="clinical/key", SecretString=KEY.decode())
        assert job.key_of("clinical/key", "eu-central-1") == KEY
