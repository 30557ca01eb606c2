"""What Spark SQL is given for a script of Hive's."""

from __future__ import annotations

import zipfile

import pytest

from airflow_emr_pipelines.emulator.host.hive import view
from airflow_emr_pipelines.emulator.host.hive.script import FUNCTIONS, OWN_FUNCTIONS, BadScript, Variables, prepared

FILES = {"s3://b/inc.hql": "SET hivevar:from_file=x; SELECT 'in file'"}


def given(text: str, **variables: str) -> list[str]:
    known = Variables(dict(variables), {"conf": "c", "hive.known": "h"}, {"HOME": "/h"})
    found = prepared(text, known, FILES.__getitem__)
    assert found[: len(OWN_FUNCTIONS)] == OWN_FUNCTIONS
    return found[len(OWN_FUNCTIONS) :]


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("SELECT 1; SELECT 2;\n", ["SELECT 1", "SELECT 2"]),
        ("SELECT ';', \";\", `a;b`", ["SELECT ';', \";\", `a;b`"]),
        ("SELECT 'it\\'s;' -- a; comment\n, 2; /* b; */ SELECT '--3'", ["SELECT 'it\\'s;'  \n, 2", "SELECT '--3'"]),
        ("SELECT split(a, '\\;'), b\\;", ["SELECT split(a, '\\;'), b;"]),
        ("SELECT '${day}', '${hivevar:day}', '${hiveconf:conf}'", ["SELECT '1', '1', 'c'"]),
        ("SELECT '${env:HOME}', '${system:user.name}', '${hiveconf:hive.known}'", ["SELECT '/h', 'hadoop', 'h'"]),
        ("SELECT '${hivevar:${which}}'", ["SELECT '1'"]),
        ("SELECT '${no}', '${hivevar:no}', '${conf}'", ["SELECT '${no}', '${hivevar:no}', '${conf}'"]),
        ("SELECT '${hiveconf:no}', '$ {day}'", ["SELECT '${hiveconf:no}', '$ {day}'"]),
        ("SET hivevar:day=2; SELECT '${day}'", ["SELECT '2'"]),
        ("set later = ${day}3; SELECT '${hiveconf:later}', '${later}'", ["SET later=13", "SELECT '13', '${later}'"]),
        ("SOURCE s3://b/inc.hql; SELECT '${from_file}'", ["SELECT 'in file'", "SELECT 'x'"]),
        ("ADD JAR /usr/lib/hive-hcatalog/share/hcatalog/hive-hcatalog-core.jar; SELECT 1", ["SELECT 1"]),
        ("ADD JAR s3://b/mine.jar", ["ADD JAR s3://b/mine.jar"]),
    ],
)
def test_variables_are_those_of_hive(text: str, statements: list[str]) -> None:
    assert given(text, day="1", which="day") == statements


@pytest.mark.parametrize("text", ["SELECT stddev (a), 'hash(x)' FROM t", "SELECT * FROM a_view", "SELECT 1"])
def test_a_function_that_spark_has_with_another_meaning_is_hives_whatever_the_text_names(text: str) -> None:
    found = prepared(text, Variables(), FILES.__getitem__)
    assert (
        "CREATE OR REPLACE TEMPORARY FUNCTION stddev AS 'org.apache.hadoop.hive.ql.udf.generic.GenericUDAFStd'" in found
    )
    assert len(found) == len(FUNCTIONS) + 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SELECT * FROM t TABLESAMPLE(BUCKET 1 OUT OF 4)", "rows by chance"),
        ("CREATE TABLE t (a INT) TBLPROPERTIES ('transactional' = 'true')", "transactional=true"),
        ("CREATE TABLE t (a INT) STORED BY 'x.y.Handler'", "a storage handler"),
        ("SELECT '${hiveconf:hive.exec.scratchdir}'", "does not know Hive's own value"),
        ("SELECT '${env:SECRET}'", "does not know this value"),
        ("SELECT '${a}'", "too deep"),
    ],
)
def test_what_would_give_a_wrong_number_is_refused(text: str, why: str) -> None:
    with pytest.raises(BadScript, match=why):
        given(text, a="${b}", b="${a}")


def test_words_in_quotes_refuse_nothing() -> None:
    text = "SELECT 'tablesample(bucket 1', \"stored by\" FROM `stored by`"
    assert given(text) == [text]


def test_the_classes_are_those_of_the_sources_beside_them() -> None:
    folder = view.CLASSES.with_name("java")
    sources = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.java")}
    with zipfile.ZipFile(view.CLASSES) as jar:
        assert {name: jar.read(name) for name in jar.namelist() if name.endswith(".java")} == sources
        assert {name.replace(".java", ".class") for name in sources} <= set(jar.namelist())
