"""HiveQL whose meaning is Hive's own: what a Hive step reads and counts, all of it in one script on one cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.integration.emulator.host.steps.conftest import Cluster, Ended, keys, make_bucket

BUCKET = "hiveql"


@dataclass(frozen=True)
class Case:
    """Statements that print lines which begin with the case's name, and what these are to be."""

    name: str
    statements: str
    lines: tuple[str, ...]


FILES = {
    "csv/a.csv": "id,name\n1,x\n2,y\n",
    "csv/b.csv": "id,name\n3,z\n",
    "ends/ds=1/a": "id\n1\n2\nend\n",
    "ends/ds=2/a": "id\n5\nend\n",
    "json/a": '{"ID": 1, "name": "x", "more": {"A": [1, 2], "m": {"k": 2.5}}, "other": 1}\n{"id": null, "name": 5}\n',
    "quoted/a": '"a,1","2"\n"b","3"\n',
    "lazy/a": "x|1:2|k=1:l=2\n-|4|n=4\n",
    "regex/a": "10.0.0.1 GET /a\nbad\n",
    "upper.py": "import sys\nfor line in sys.stdin: print('transform ' + line.strip().upper())\n",
    "more.hql": "SET hivevar:included=yes;",
}
MORE = "STRUCT<a:ARRAY<INT>,m:MAP<STRING,DOUBLE>>"
CASES = (
    Case(
        "variables",
        "SOURCE s3://hiveql/more.hql; SET later=${N}4;"
        "SELECT 'variables', '${N}', '${hiveconf:mine}', '${included}', '${hiveconf:later}', '${later}', ';'",
        ("3\ttwo\tyes\t34\t${later}\t;",),
    ),
    Case(
        "header",
        "CREATE EXTERNAL TABLE csv (id INT, name STRING) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
        "LOCATION 's3://hiveql/csv' TBLPROPERTIES ('skip.header.line.count'='1');"
        "ALTER TABLE csv SET TBLPROPERTIES ('a'='b');"
        "SELECT 'header', count(*), sum(id), max(name) FROM csv",
        ("3\t6\tz",),
    ),
    Case(
        "footer",
        "CREATE EXTERNAL TABLE ends (id INT) PARTITIONED BY (ds STRING) LOCATION 's3://hiveql/ends' "
        "TBLPROPERTIES ('skip.header.line.count'='1', 'skip.footer.line.count'='1'); MSCK REPAIR TABLE ends;"
        "SELECT 'footer', ds, count(*), sum(id) FROM ends GROUP BY ds ORDER BY ds",
        ("1\t2\t3", "2\t1\t5"),
    ),
    Case(
        "json",
        f"CREATE EXTERNAL TABLE js (id INT, name STRING, more {MORE}) ROW FORMAT SERDE "
        "'org.apache.hive.hcatalog.data.JsonSerDe' LOCATION 's3://hiveql/json';"
        "SELECT 'json', id, name, more.a[1], more.m['k'] FROM js ORDER BY name",
        ("NULL\t5\tNULL\tNULL", "1\tx\t2\t2.5"),
    ),
    Case(
        "written json",
        f"CREATE TABLE js2 (id INT, name STRING, more {MORE}) ROW FORMAT SERDE "
        "'org.apache.hadoop.hive.serde2.JsonSerDe' LOCATION 's3://hiveql/json2'; INSERT INTO js2 SELECT * FROM js;"
        "SELECT 'written json', id, name, more.a[1], more.m['k'] FROM js2 ORDER BY name",
        ("NULL\t5\tNULL\tNULL", "1\tx\t2\t2.5"),
    ),
    Case(
        "csv serde",
        "CREATE EXTERNAL TABLE quoted (a STRING, b STRING) ROW FORMAT SERDE "
        "'org.apache.hadoop.hive.serde2.OpenCSVSerde' LOCATION 's3://hiveql/quoted';"
        "SELECT 'csv serde', a, b FROM quoted ORDER BY a",
        ("a,1\t2", "b\t3"),
    ),
    Case(
        "delimiters",
        "CREATE EXTERNAL TABLE lazy (a STRING, b ARRAY<INT>, c MAP<STRING,INT>) ROW FORMAT DELIMITED FIELDS TERMINATED "
        "BY '|' COLLECTION ITEMS TERMINATED BY ':' MAP KEYS TERMINATED BY '=' LOCATION 's3://hiveql/lazy' "
        "TBLPROPERTIES ('serialization.null.format'='-');"
        "SELECT 'delimiters', a, b, k, v FROM lazy LATERAL VIEW OUTER explode(c) e AS k, v ORDER BY v",
        ("x\t[1,2]\tk\t1", "x\t[1,2]\tl\t2", "NULL\t[4]\tn\t4"),
    ),
    Case(
        "regex serde",
        r"CREATE EXTERNAL TABLE rx (ip STRING, verb STRING) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe'"
        r" WITH SERDEPROPERTIES ('input.regex'='(\\S+) (\\S+) .*') LOCATION 's3://hiveql/regex';"
        "SELECT 'regex serde', ip, verb FROM rx ORDER BY ip",
        ("NULL\tNULL", "10.0.0.1\tGET"),
    ),
    Case(
        "overwritten",
        "SET hive.exec.dynamic.partition.mode=nonstrict;"
        "CREATE TABLE pq (a INT) PARTITIONED BY (b STRING) STORED AS PARQUET;"
        "INSERT OVERWRITE TABLE pq PARTITION (b) SELECT 1, 'x' UNION ALL SELECT 2, 'y';"
        "INSERT OVERWRITE TABLE pq PARTITION (b) SELECT 5, 'x';"
        "SELECT 'overwritten', a, b FROM pq ORDER BY b",
        ("5\tx", "2\ty"),
    ),
    Case(
        "formats",
        "CREATE TABLE an_orc STORED AS ORC AS SELECT 1 AS a; CREATE TABLE an_avro (a INT) STORED AS AVRO;"
        "INSERT INTO an_avro SELECT '2'; SELECT 'formats', an_orc.a, an_avro.a FROM an_orc CROSS JOIN an_avro",
        ("1\t2",),
    ),
    Case(
        "directory",
        "INSERT OVERWRITE DIRECTORY 's3://hiveql/out' ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
        "SELECT id, name FROM csv; CREATE EXTERNAL TABLE outed (id INT, name STRING) ROW FORMAT DELIMITED FIELDS "
        "TERMINATED BY ',' LOCATION 's3://hiveql/out'; SELECT 'directory', id, name FROM outed ORDER BY id",
        ("1\tx", "2\ty", "3\tz"),
    ),
    Case(
        "transform X",
        "ADD FILE s3://hiveql/upper.py;"
        "SELECT TRANSFORM (name) USING 'python upper.py' AS (line STRING) FROM csv WHERE id = 1",
        ("",),
    ),
    Case(
        "functions",
        "SELECT 'functions', round(stddev(x), 4), round(variance(x), 4), round(std(x), 4), greatest(1, max(x), null), "
        "least(null, 1.0), hash('abc'), add_months('2019-02-28', 1), array_contains(array(1), cast(null AS INT)) "
        "FROM (SELECT explode(array(1.0D, 2.0D, 4.0D)) AS x) t",
        ("1.2472\t1.5556\t1.2472\tNULL\tNULL\t96354\t2019-03-31\tfalse",),
    ),
    Case(
        "view",
        "CREATE VIEW spread AS SELECT stddev(x) AS s FROM (SELECT explode(array(1.0D, 2.0D, 4.0D)) AS x) t;"
        "SELECT 'view', round(s, 4) FROM spread",
        ("1.2472",),
    ),
    Case(
        "header changed",
        "ALTER TABLE csv SET TBLPROPERTIES ('skip.header.line.count'='2'); SELECT 'header changed', count(*) FROM csv;"
        "ALTER TABLE csv SET TBLPROPERTIES ('skip.header.line.count'='1'); SELECT 'header changed', count(*) FROM csv",
        ("1", "3"),
    ),
    Case(
        "conversions",
        "CREATE TEMPORARY FUNCTION backwards AS 'org.apache.hadoop.hive.ql.udf.UDFReverse';"
        "SELECT 'conversions', backwards('abc'), date_format('2013-01-02', 'u'), cast('x' AS INT)",
        ("cba\t3\tNULL",),
    ),
)


@pytest.fixture(scope="module")
def ended(cluster: Cluster, s3: Any) -> Ended:
    make_bucket(s3, BUCKET)
    for key, body in FILES.items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=body.encode())
    script = ";\n".join(case.statements for case in CASES)
    s3.put_object(Bucket=BUCKET, Key="all.hql", Body=f"CREATE DATABASE hiveql; USE hiveql;\n{script};".encode())
    return cluster.run("hive", "-f", "s3://hiveql/all.hql", "-d", "N=3", "--hiveconf", "mine=two")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_means_what_it_means_to_hive(case: Case, ended: Ended) -> None:
    assert ended.state == "COMPLETED", ended.stderr[-3000:]
    found = [line for line in ended.stdout.splitlines() if line == case.name or line.startswith(f"{case.name}\t")]
    assert found == [f"{case.name}\t{line}" if line else case.name for line in case.lines]


def test_the_catalog_keeps_the_table_as_it_was_made(ended: Ended, cluster: Cluster, s3: Any) -> None:
    """A Spark step counts the header, as on EMR: the property is nothing to Spark."""
    counted = cluster.run("spark-sql", "-e", "SELECT count(*) FROM hiveql.csv; DESCRIBE FORMATTED hiveql.csv")
    assert counted.stdout.splitlines()[0] == "5"
    assert "org.apache.hadoop.mapred.TextInputFormat" in counted.stdout
    assert [key for key in keys(s3, BUCKET, "out/") if not key.endswith("_SUCCESS")]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-e", "SELECT * FROM t TABLESAMPLE(BUCKET 1 OUT OF 2)"], "rows by chance in Spark SQL"),
        (["-e", "CREATE TABLE t (a INT) TBLPROPERTIES ('transactional'='true')"], "transactional=true (ACID)"),
        (["-e", "SELECT 1", "-f", "s3://hiveql/more.hql"], "cannot be specified simultaneously"),
        (["-e", "SELECT 1", "-d"], "option -d has no value"),
    ],
)
def test_what_would_give_a_wrong_number_is_refused(words: list[str], told: str, cluster: Cluster) -> None:
    refused = cluster.run("hive", *words)
    assert (refused.state, told in refused.failure["Message"]) == ("FAILED", True), refused.failure
