"""The governed ETL runs as it is, with real Spark: what it publishes names nobody, and what is malformed is refused."""

from __future__ import annotations

import gzip
import json
from datetime import date
from typing import Any

import pandas as pd
import pytest

from local.inputs.encounters import BROKEN, ENCOUNTERS, REGION, encounters_of, key_of, make_key
from tests.e2e.dags.stage import DAY, Run, Stage

pytestmark = [
    pytest.mark.slow,
    # What dag.test() itself provokes, in Airflow and in its libraries.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated"),
]

MALFORMED = "2013-01-02"
WHAT = ("outputs", "logs")
IDENTIFYING = ("patient_id", "encounter_id", "name", "phone", "insurance_number", "birth_date", "note")


@pytest.fixture(scope="module")
def hospital(stage: Stage) -> Stage:
    """The stage, in the hospital's region, with the key of the pseudonyms."""
    make_key(stage.emulator.client("secretsmanager", REGION))
    stage.emr = stage.emulator.client("emr", REGION)
    return stage


@pytest.fixture(scope="module")
def governed(hospital: Stage) -> Run:
    return hospital.run("emr_governed_etl", run_conf={"day": DAY})


@pytest.fixture(scope="module")
def delivered() -> list[dict[str, Any]]:
    return list(encounters_of(date.fromisoformat(DAY), broken=BROKEN))


@pytest.fixture(scope="module")
def curated(hospital: Stage, governed: Run) -> pd.DataFrame:
    return hospital.parquet("clinical-curated", f"encounters/batch_date={DAY}/")


def test_all_steps_complete_each_as_its_own_role(hospital: Stage, governed: Run) -> None:
    assert (governed.state, set(governed.tasks.values()), governed.clusters_alive) == ("success", {"success"}, 0)
    assert set(governed.steps.values()) == {"COMPLETED"}
    ran = governed.xcom("pipeline.create_cluster")
    roles = {step["Name"].rpartition(" [")[0]: role_of(hospital, ran, step["Id"]) for step in hospital.steps(ran)}
    assert roles == {
        "Encounter De-identification": "clinical-deidentify",
        "Ward Report by Jar": "clinical-report",
        "Ward Report by PySpark": "clinical-report",
        "Catalog Verification": "clinical-report",
    }


def role_of(hospital: Stage, cluster_id: str, step_id: str) -> str:
    step = hospital.emr.describe_step(ClusterId=cluster_id, StepId=step_id)["Step"]
    return str(step["ExecutionRoleArn"]).rpartition("/")[2]


def test_the_curated_partition_holds_each_sound_encounter_and_no_value_that_names_somebody(
    curated: pd.DataFrame, delivered: list[dict[str, Any]]
) -> None:
    assert len(curated) == ENCOUNTERS - BROKEN
    assert curated.encounter_key.is_unique
    sound = delivered[BROKEN:]
    assert curated.patient_key.nunique() == len({record["patient_id"] for record in sound})
    held = set(curated.astype(str).to_numpy().ravel())
    assert held.isdisjoint(str(record[field]) for record in delivered for field in IDENTIFYING)
    assert sorted(curated.heart_rate) == sorted(record["observations"][0]["value"] for record in sound)


def test_dates_are_shifted_by_the_same_days_for_a_patient_and_stays_keep_their_length(
    curated: pd.DataFrame, delivered: list[dict[str, Any]]
) -> None:
    true = pd.DataFrame(delivered[BROKEN:])
    seconds = (pd.to_datetime(true.discharged_at) - pd.to_datetime(true.admitted_at)).dt.total_seconds()
    assert sorted(curated.stay_days) == pytest.approx(sorted((seconds / 86400).round(2)), abs=0.011)
    assert set(curated.admitted_on.astype(str)) - set(true.admitted_at.str[:10])


def test_no_cell_is_small_and_sex_age_and_region_keep_their_meaning(
    curated: pd.DataFrame, delivered: list[dict[str, Any]]
) -> None:
    cells = curated.groupby(["sex", "age_band", "region"], dropna=False).patient_key.nunique()
    assert cells.min() >= 5
    assert 0.5 < curated.region.notna().mean() < 1
    assert set(curated.age_band) == {"0-44", "45-64", "65+"}
    sound = pd.DataFrame(delivered[BROKEN:])
    assert curated.sex.value_counts().to_dict() == sound.sex.value_counts().to_dict()
    assert set(curated.region.dropna()) <= set(sound.postcode.str[:2])


def test_the_audit_tells_what_was_dropped_and_no_value(hospital: Stage, curated: pd.DataFrame) -> None:
    cells = curated.groupby(["sex", "age_band", "region"], dropna=False).patient_key.nunique()
    audit = hospital.json("clinical-audit", f"encounters/{DAY}.json")
    assert audit == {
        "processing_date": DAY,
        "refused": False,
        "records_in": ENCOUNTERS,
        "records_out": ENCOUNTERS - BROKEN,
        "records_dropped": {"admitted_at is missing": BROKEN},
        "fields_dropped": dict.fromkeys(("insurance_number", "name", "note", "phone"), ENCOUNTERS),
        "fields_pseudonymised": ["patient_id", "encounter_id"],
        "fields_generalised": ["birth_date", "diagnoses", "postcode"],
        "fields_shifted": ["admitted_at", "discharged_at"],
        "smallest_cell": 5,
        "reached": {
            "level": {"ages_from": [0, 45, 65], "postcode_digits": 2},
            "cells": len(cells),
            "smallest_cell": cells.min(),
            "sex_suppressed": 0,
            "age_band_suppressed": 0,
            "region_suppressed": int(curated.region.isna().sum()),
        },
        "rules": "s3://clinical-rules/encounters.json",
    }


def test_the_twins_tell_the_same_and_it_is_what_pandas_finds(
    hospital: Stage, governed: Run, curated: pd.DataFrame
) -> None:
    by_jar, by_pyspark = (lines(hospital, f"reports/{twin}/{DAY}/") for twin in ("by-jar", "by-pyspark"))
    assert by_jar == by_pyspark
    told = {row["ward"]: row for row in by_jar}
    assert set(told) == set(curated.ward)
    for ward, rows in curated.groupby("ward"):
        persons = rows.patient_key.nunique()
        if persons < 5:
            assert told[ward] == {"ward": ward, "suppressed": True}
            continue
        from_65 = rows.age_band.str.extract(r"^(\d+)")[0].astype(int) >= 65
        assert (told[ward]["persons"], told[ward]["encounters"]) == (persons, len(rows))
        assert told[ward]["median_stay_days"] == pytest.approx(rows.stay_days.median(), abs=0.011)
        assert told[ward]["mean_creatinine"] == pytest.approx(rows.creatinine.mean(), abs=0.011)
        assert told[ward]["share_from_65"] == pytest.approx(from_65.mean(), abs=0.0001)
    assert governed.xcom("check_outputs")["suppressed"] == sum(row["suppressed"] for row in by_jar)


def test_the_checks_fail_where_something_is_missing_or_differs(hospital: Stage, governed: Run) -> None:
    outputs, logs = (hospital.dags["emr_governed_etl"].get_task(f"check_{what}").python_callable for what in WHAT)
    with pytest.raises(ValueError, match=r"encounters/batch_date=2013-03-03/ has no file \.parquet"):
        outputs("2013-03-03")
    with pytest.raises(ValueError, match=r"s3://emr-logs has no j-1/steps/s-1/controller\.gz"):
        logs([{"cluster_id": "j-1", "step_id": "s-1"}])
    (key,) = (key for key in hospital.keys("clinical-curated", f"reports/by-jar/{DAY}/") if key.endswith(".json"))
    true = hospital.s3.get_object(Bucket="clinical-curated", Key=key)["Body"].read()
    hospital.s3.put_object(Bucket="clinical-curated", Key=key, Body=true.replace(b'"surgery","sup', b'"Surgery","sup'))
    with pytest.raises(ValueError, match=f"The twins of the ward report differ for {DAY}: Surgery, surgery"):
        outputs(DAY)
    hospital.s3.put_object(Bucket="clinical-curated", Key=key, Body=true)
    assert outputs(DAY)["wards"] == len(true.splitlines())


def lines(hospital: Stage, prefix: str) -> list[dict[str, Any]]:
    keys = [key for key in hospital.keys("clinical-curated", prefix) if key.endswith(".json")]
    bodies = [hospital.s3.get_object(Bucket="clinical-curated", Key=key)["Body"].read() for key in keys]
    return [json.loads(line) for body in bodies for line in body.splitlines()]


def test_the_key_and_the_patients_are_in_no_log(
    hospital: Stage, governed: Run, delivered: list[dict[str, Any]]
) -> None:
    secret = hospital.emulator.client("secretsmanager", REGION).get_secret_value(SecretId="clinical/pseudonym-key")
    keys = hospital.keys("emr-logs", f"{governed.xcom('pipeline.create_cluster')}/")
    logs = [gzip.decompress(hospital.s3.get_object(Bucket="emr-logs", Key=key)["Body"].read()) for key in keys]
    said = b"\n".join(logs).decode(errors="replace")
    assert "148 of 150 records are published" in said
    assert secret["SecretString"] not in said
    assert [record["patient_id"] for record in delivered if record["patient_id"] in said] == []


def test_a_malformed_delivery_fails_the_deidentification_and_publishes_nothing(
    hospital: Stage, governed: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    body = "\n".join([*(json.dumps(record) for record in encounters_of(date.fromisoformat(MALFORMED))), *["{"] * 20])
    hospital.s3.put_object(Bucket="clinical-landing", Key=key_of(date.fromisoformat(MALFORMED)), Body=body.encode())
    run = hospital.run("emr_governed_etl", run_conf={"day": MALFORMED})
    assert (run.state, run.clusters_alive) == ("failed", 0)
    assert run.steps == {"Encounter De-identification": "FAILED"}
    assert run.tasks["encounter_de_identification"] == "failed"
    assert (run.tasks["check_outputs"], run.tasks["check_logs"]) == ("upstream_failed", "upstream_failed")
    assert "is refused: 20 of 170 records are broken (20 × it is no record)" in capsys.readouterr().out
    assert hospital.json("clinical-audit", f"encounters/{MALFORMED}.json")["refused"] is True
    assert hospital.keys("clinical-curated", f"encounters/batch_date={MALFORMED}/") == {}
