from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from airflow_emr_pipelines.cli.dags import dag_of
from airflow_emr_pipelines.errors import DagNotFound

DAG_FILE = """
from airflow.sdk import DAG
print("I was read")
with DAG("{dag_id}", schedule=None):
    pass
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for dag_id in ("daily_sales", "weekly_sales"):
        (tmp_path / f"{dag_id}.py").write_text(DAG_FILE.format(dag_id=dag_id))
    return tmp_path


def test_a_dag_is_read_from_its_file_and_nothing_is_said_on_stdout(folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from airflow_emr_pipelines.cli.dags import dag_of; "
        "print([dag_of('daily_sales', Path(path)).dag_id for path in sys.argv[1:]])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder), str(folder / "daily_sales.py")],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == "['daily_sales', 'daily_sales']\n"
    assert "I was read" in done.stderr


def test_without_a_folder_airflows_own_bundles_are_read() -> None:
    assert dag_of("emr_transient_spark").dag_id == "emr_transient_spark"


def test_an_unknown_id_is_told_with_those_that_are_near(folder: Path) -> None:
    with pytest.raises(DagNotFound, match=r"^There is no DAG dayly_sales; did you mean daily_sales") as raised:
        dag_of("dayly_sales", folder)
    assert raised.value.others == ["daily_sales", "weekly_sales"]
    with pytest.raises(DagNotFound, match=r"there are: daily_sales, weekly_sales$"):
        dag_of("x", folder)


def test_of_a_value_that_is_refused_the_line_of_the_file_is_shown(folder: Path) -> None:
    (folder / "broken.py").write_text(
        "from airflow.sdk import DAG\nfrom airflow_emr_pipelines import InstanceGroups\nInstanceGroups('m5.xlrage')\n"
    )
    with pytest.raises(DagNotFound, match=r"(?s)broken\.py\", line 3.*did you mean m5\.xlarge") as raised:
        dag_of("broken", folder)
    assert "__post_init__" not in str(raised.value)


def test_a_file_that_cannot_be_imported_is_shown(folder: Path) -> None:
    (folder / "broken.py").write_text("from airflow.sdk import DAG\nraise ValueError('no such table')\n")
    with pytest.raises(DagNotFound, match=r"(?s)broken\.py cannot be imported:.*ValueError: no such table"):
        dag_of("broken", folder)
