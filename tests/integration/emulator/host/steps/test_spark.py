"""Spark steps: what they see, what is said of them, and where their output goes."""

from __future__ import annotations

import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from local.local_emulator import LocalEmulator
from tests.integration.emulator.host.steps.conftest import HERE, Cluster, Ended, keys, make_bucket

BUCKET = "spark-sees"
APPS = "spark-apps"


@pytest.fixture(scope="module")
def apps(s3: Any, hello_jar: bytes) -> str:
    make_bucket(s3, APPS)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        opened.writestr("inside.txt", "packed")
    files = {
        "job.py": (HERE / "spark_job.py").read_bytes(),
        "from_py_files.py": b"WORD = 'brought'\n",
        "settings.json": b"{}",
        "packed.zip": packed.getvalue(),
        "hello.jar": hello_jar,
        "fails.py": b"from pyspark.sql import SparkSession\nimport os\nSparkSession.builder.getOrCreate()\n"
        b"print('so far', os.environ.get('STAGE'), os.listdir('.'))\nraise ValueError('3 rules failed')\n",
    }
    for name, body in files.items():
        s3.put_object(Bucket=APPS, Key=name, Body=body)
    return APPS


@pytest.fixture(scope="module")
def looked_around(cluster: Cluster, s3: Any, apps: str, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """One step that tries everything, and talks with us while it runs."""
    for name in (BUCKET, f"{BUCKET}-root", f"{BUCKET}-empty"):
        make_bucket(s3, name)
    s3.put_object(Bucket=BUCKET, Key="in/x.txt", Body=b"one\ntwo\n")
    s3.put_object(Bucket=BUCKET, Key="in/y.txt", Body=b"three\n")
    for key in ("strange/a\x01b", "strange/a\nb", "strange/\x1b[31m"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"strange\n")
    s3.put_object(Bucket=f"{BUCKET}-root", Key="x.txt", Body=b"root\n")
    host = tmp_path_factory.mktemp("host")
    (host / "secret").write_text("of the host")
    step = cluster.start(
        *("spark-submit", "--deploy-mode", "client", "--master", "yarn", "--queue", "q", "--num-executors", "20"),
        *("--driver-memory", "2g", "--executor-memory", "900g", "--conf", "spark.sql.adaptive.enabled=false"),
        *("--conf", "spark.yarn.appMasterEnv.STAGE=dev", "--py-files", f"s3://{apps}/from_py_files.py"),
        *("--files", f"s3://{apps}/settings.json", "--archives", f"s3://{apps}/packed.zip#packed"),
        *(f"s3://{apps}/job.py", BUCKET, str(host)),
    )
    until = time.monotonic() + 120
    while not any(key.startswith("talk/question/part") for key in keys(s3, BUCKET, "talk/")):
        assert time.monotonic() < until
        assert cluster.status(step)["State"] not in ("FAILED", "COMPLETED"), cluster.log(f"steps/{step}/stderr")
        assert not [key for key in keys(s3, BUCKET) if "_temporary" in key]
    make_bucket(s3, "made-meanwhile")
    s3.put_object(Bucket=BUCKET, Key="talk/answer.txt", Body=b"42\n")
    ended = cluster.wait(step)
    assert ended.state == "COMPLETED", ended.stderr[-3000:]
    return ended


@pytest.fixture(scope="module")
def answers(looked_around: Ended) -> dict[str, Any]:
    return dict(json.loads(line) for line in looked_around.stdout.splitlines() if line.startswith("["))


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("py-files", "brought"),
        ("files", "{}"),
        ("the driver's folder", []),
        ("the executors' folder", ["{}", "packed"]),
        ("settings", ["3", "false"]),
        ("the page of a running job", ["false", "false"]),
        ("environment", None),  # of YARN's application master, which a driver in client mode is not
        *((f"read {scheme}", ["one", "two"]) for scheme in ("s3", "s3a", "s3n")),
        *((f"write {scheme}", 3) for scheme in ("s3", "s3a", "s3n")),
        ("read a whole bucket", ["root"]),
        ("append to a whole bucket", 3),
        ("read strange keys", ["strange"] * 3),
        ("read by pattern", ["one", "three", "two"]),
        ("write with partitions", None),
        ("write hdfs", 3),
        ("write without a scheme", 3),
        ("answer", ["42"]),
        ("stream", 4),
    ],
)
def test_a_step_sees(answers: dict[str, Any], question: str, answer: object) -> None:
    assert answers[question] == answer


@pytest.mark.parametrize("scheme", ["s3", "s3a"])
@pytest.mark.parametrize("act", ["read", "write", "append"])
def test_an_unknown_bucket_is_refused(answers: dict[str, Any], act: str, scheme: str) -> None:
    assert "NoSuchBucket" in answers[f"{act} unknown {scheme}"]


def test_an_unknown_bucket_never_writes_to_the_host(answers: dict[str, Any]) -> None:
    host = Path(answers["arguments"][1])
    assert [path.name for path in host.iterdir()] == ["secret"]
    assert not Path("/data").exists()


def test_a_bucket_made_after_the_start_is_refused(answers: dict[str, Any], s3: Any) -> None:
    assert "NoSuchBucket" in answers["write to a new bucket"]
    assert keys(s3, "made-meanwhile") == []


def test_a_path_does_not_leave_its_bucket(answers: dict[str, Any]) -> None:
    assert "Path does not exist" in answers["leave the bucket"]
    assert isinstance(answers["leave the bucket to write"], str)  # what Hadoop says of it; nothing was written


def test_a_missing_key_is_named(answers: dict[str, Any]) -> None:
    assert f"Path does not exist: s3://{BUCKET}/in/none" in answers["read missing"]


def test_the_root_of_a_bucket_is_overwritten_as_little_as_on_emr_and_never_deleted(
    answers: dict[str, Any], s3: Any
) -> None:
    assert answers["overwrite a whole bucket"] == "IllegalArgumentException: Can not create a Path from an empty string"
    assert "delete not permitted on path s3://spark-sees/" in answers["delete a whole bucket"]
    assert keys(s3, f"{BUCKET}-root") == ["x.txt"]


def test_texts_name_addresses_and_no_folder_of_this_machine(
    answers: dict[str, Any], looked_around: Ended, emulator: LocalEmulator
) -> None:
    assert f"File s3://{BUCKET}/in/none does not exist" in answers["open missing"]
    assert f"Parent path is not a directory: s3://{BUCKET}/in/x.txt" in answers["make a folder below a file"]
    for name in ("stdout", "stderr", "syslog"):
        assert str(emulator.buckets_folder) not in looked_around.log(name)
    assert "in the executors' working folder only, as in client mode: settings.json, packed" in looked_around.controller


def test_what_a_step_commits_is_seen_by_clients(looked_around: Ended, s3: Any) -> None:
    found = keys(s3, BUCKET, "out/s3a/")
    assert "out/s3a/_SUCCESS" in found
    assert not [key for key in keys(s3, BUCKET) if key.endswith(".crc") or "_temporary" in key]
    assert s3.get_object(Bucket=BUCKET, Key=found[-1])["Body"].read()[:4] == b"PAR1"


def test_what_was_changed_for_one_machine_stands_in_controller(looked_around: Ended) -> None:
    told = looked_around.controller
    assert "memory clamped: 921600 MiB were asked for" in told
    left_out = next(line for line in told.splitlines() if "left out, for a cluster only" in line)
    of_yarn = ("spark.master=yarn", "spark.yarn.queue=q", "spark.yarn.appMasterEnv.STAGE=dev")
    for setting in (*of_yarn, "spark.executor.instances=20"):
        assert setting in left_out
    assert "spark.dynamicAllocation.enabled, " in left_out  # of a configuration the name alone
    assert "classification yarn-site" in told
    assert "exit code 0" in told


def test_in_cluster_mode_the_driver_speaks_in_its_container(cluster: Cluster, apps: str) -> None:
    of_yarn = ("--conf", "spark.yarn.appMasterEnv.STAGE=dev", "--files", f"s3://{apps}/settings.json#set")
    ended = cluster.run("spark-submit", "--deploy-mode", "cluster", *of_yarn, f"s3://{apps}/fails.py")
    assert ended.state == "FAILED"
    assert ended.failure["Message"] == "ValueError: 3 rules failed"
    assert ended.failure["LogFile"].startswith(f"s3://step-logs/emr/{cluster.id}/containers/application_")
    assert ended.failure["LogFile"].endswith("_01_000001/stdout.gz")  # where Spark puts a Python driver's traceback
    assert ended.stdout == ""
    assert "(state: FINISHED)" in ended.stderr
    assert "final status: FAILED" in ended.stderr
    containers = [name for name in cluster.logs() if name.startswith("containers/")]
    driver = next(name for name in containers if name.endswith("_01_000001/stdout"))
    assert cluster.log(driver).startswith("so far dev ['set']\nTraceback")
    assert "INFO SparkContext" in cluster.log(driver.replace("stdout", "stderr"))
    application = driver.split("/")[1]
    assert application in ended.stderr


def test_a_class_from_a_jar_in_s3_is_run(cluster: Cluster, apps: str) -> None:
    options = ("--class", "Hello", "--conf", "spark.driver.extraJavaOptions=-Dgreeting=hi -Xss1m")
    ended = cluster.run("spark-submit", *options, f"s3://{apps}/hello.jar", "a", "b")
    assert (ended.state, ended.stdout) == ("COMPLETED", "hello a,b hi\n"), ended.stderr


def test_the_example_is_computed_by_its_jar_and_by_its_name(cluster: Cluster) -> None:
    jar = "/usr/lib/spark/examples/jars/spark-examples.jar"
    pi = ("spark-submit", "--class", "org.apache.spark.examples.SparkPi")
    ended = cluster.run(*pi, f"local://{jar}", "2")
    assert "Pi is roughly 3.1" in ended.stdout, ended.stderr
    other = cluster.run("spark-submit", "--class", "org.apache.spark.examples.SparkLR", jar)
    assert "SparkLR: of Spark's examples the emulator has SparkPi" in other.failure["Message"]
    assert "Spark's examples need spark-submit" in cluster.run("10", jar=jar).failure["Message"]


def test_a_killed_application_is_the_end_of_its_step(cluster: Cluster, apps: str) -> None:
    waits = ("--class", "Hello", f"s3://{apps}/hello.jar", "wait", "600000")
    steps = [
        cluster.start("spark-submit", "--deploy-mode", mode, "--name", f"in {mode} mode", *waits)
        for mode in ("cluster", "client")
    ]
    looks = "until [ $(yarn application -list | tee list | grep -c RUNNING) = 3 ]; do sleep 0.2; done; cat list"
    listed = cluster.run("bash", "-ec", looks)
    applications = {
        mode: line.split()[0] for line in listed.stdout.splitlines() for mode in ("cluster", "client") if mode in line
    }
    kills = "; ".join(f"yarn application -kill {applications[mode]}" for mode in ("cluster", "client"))
    told = cluster.run("bash", "-ec", f"{kills}; yarn application -list -appStates KILLED")
    assert told.state == "COMPLETED", told.stderr
    for mode, step in zip(("cluster", "client"), steps, strict=True):
        ended = cluster.wait(step)
        assert f"Killed application {applications[mode]}" in told.stdout
        assert (ended.state, "killed" in ended.failure["Message"].lower()) == ("FAILED", True), ended.failure
        assert cluster.status(step)["State"] == "FAILED"
    assert told.stdout.count("KILLED\t") >= 4  # state and final state of both
    unknown = cluster.run("bash", "-ec", "yarn application -kill application_1_0001")
    assert "doesn't exist in RM" in unknown.failure["Message"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["s3://{apps}/none.py"], "File s3://{apps}/none.py does not exist"),
        (["s3://no-such-bucket-here/x.py"], "there is no bucket no-such-bucket-here"),
        (["--py-files", "s3://{apps}/job.py,s3://{apps}/gone.zip", "s3://{apps}/job.py"], "s3://{apps}/gone.zip"),
        (["--driver-memory", "much", "s3://{apps}/job.py"], "spark.driver.memory='much' is no size"),
        (["--conf", "a", "s3://{apps}/job.py"], "Spark config without '=': a"),
        (["--conf", "spark.driver.extraJavaOptions=-Xmx9g", "s3://{apps}/job.py"], "-Xmx9g is not allowed"),
    ],
)
def test_what_spark_submit_would_refuse_is_refused_at_once(
    cluster: Cluster, apps: str, words: list[str], told: str
) -> None:
    ended = cluster.run("spark-submit", *(word.format(apps=apps) for word in words))
    assert ended.state == "FAILED"
    assert told.format(apps=apps) in ended.failure["Message"]


def test_a_key_that_a_folder_cannot_hold_is_refused_by_name(cluster: Cluster, s3: Any, apps: str, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="in/a/b", Body=b"1")
    s3.put_object(Bucket=bucket, Key="in/a", Body=b"2")
    ended = cluster.run("spark-submit", f"s3://{apps}/job.py", "--input", f"s3://{bucket}/in")
    assert ended.state == "FAILED"
    assert "covers the key 'in/a'" in ended.failure["Message"]


def test_a_cancelled_step_leaves_no_process(cluster: Cluster, s3: Any, emulator: LocalEmulator, apps: str) -> None:
    waits = b"from pyspark.sql import SparkSession\nimport time\nSparkSession.builder.getOrCreate()\n"
    waits += b"open('up', 'w').close()\ntime.sleep(600)\n"
    s3.put_object(Bucket=apps, Key="waits.py", Body=waits)
    step = cluster.start("spark-submit", f"s3://{apps}/waits.py")
    up = emulator.data_dir / "clusters" / cluster.id / "steps" / step / "work" / "up"
    until = time.monotonic() + 60
    while not up.exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    cluster.cancel(step)
    ended = cluster.wait(step)
    assert ended.state == "CANCELLED"
    assert "SIGTERM" in ended.controller
