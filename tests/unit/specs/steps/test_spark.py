from __future__ import annotations

from typing import Any

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.configurations import spark_defaults
from airflow_emr_pipelines.specs.steps import OnFailure, SparkStep
from airflow_emr_pipelines.specs.steps.commands import command_words


def spark(application: str = "s3://apps/job.py", **fields: Any) -> SparkStep:
    return SparkStep("Two words", application, **fields)


def test_what_users_write_is_taken() -> None:
    step = spark(
        args=["--input-path", "s3://raw-data/daily/{{ ds }}", "--threshold", 0.05],
        conf={"spark.sql.adaptive.enabled": True, "spark.sql.shuffle.partitions": 24},
        num_executors=15,
        on_failure="CONTINUE",
    )
    assert step.args == ("--input-path", "s3://raw-data/daily/{{ ds }}", "--threshold", "0.05")
    assert step.conf == {"spark.sql.adaptive.enabled": "true", "spark.sql.shuffle.partitions": "24"}
    assert step.on_failure is OnFailure.CONTINUE
    assert spark().on_failure is OnFailure.CANCEL_AND_WAIT


@pytest.mark.parametrize(
    "application",
    [
        "s3://apps/job.py",
        "s3://apps/{{ params.version }}/job.jar",
        "{{ params.application }}",
        "local:///usr/lib/spark/examples/jars/spark-examples.jar",
        "/usr/lib/spark/examples/jars/spark-examples.jar",
        "hdfs:///apps/job.py",
        "s3://apps/job.R",
    ],
)
def test_an_application_is_where_the_cluster_can_read_it(application: str) -> None:
    assert spark(application).application == application


@pytest.mark.parametrize(
    ("application", "told"),
    [
        ("script.py", "write s3://bucket/path"),
        ("s3:/apps/job.py", "with two slashes and in lower case"),
        ("S3://Apps/job.py", "in lower case"),
        ("s3://apps", "write s3://apps/path/to/file"),
        ("s3://apps/job.sql", "name a .py or a .jar"),
        ("s3://apps/job", "name a .py or a .jar"),
        ("s3://apps/job.zip", "name a .py or a .jar"),
    ],
)
def test_other_applications_are_refused_with_what_is_right(application: str, told: str) -> None:
    with pytest.raises(InvalidSpec, match=rf"SparkStep.application = '{application}'.*{told}"):
        spark(application)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"args": "--a b"}, r'write args=\["--a", "b"\]'),
        ({"args": [True]}, 'write "true" or "false"'),
        ({"conf": "spark.a=1,spark.b=2"}, r'write conf={"spark.a": "1", "spark.b": "2"}'),
        ({"conf": "spark.a=1"}, r'write conf={"spark.a": "1"}'),
        ({"conf": ["spark.a=1"]}, "it is a mapping, not a list"),
        ({"conf": {"spark.a": "1,spark.b=2"}}, "one entry a setting"),
        ({"conf": {"spark.a=1,spark.b": "2"}}, "one entry a setting"),
        ({"driver_memory": "6.4g"}, "write whole MiB: 6553m"),
        ({"executor_memory": 8}, "8g or 6553m"),
        ({"driver_cores": 0}, "at least 1"),
        ({"executor_cores": 2.5}, "it is a whole number"),
        ({"deploy_mode": "clustered"}, "did you mean cluster?"),
        ({"py_files": "s3://apps/a.py"}, r'write py_files=\["s3://apps/a.py"\]'),
        ({"py_files": ["a.py"]}, r"SparkStep.py_files\[0\] = 'a.py'"),
        ({"jars": ["s3://apps/a.jar,s3://apps/b.jar"]}, "write one an element"),
        ({"packages": ["delta-spark"]}, "write group:artifact:version"),
        ({"packages": ["a:b:1,c:d:2"]}, "write one an element"),
        ({"exclude_packages": ["a"]}, "write group:artifact"),
        ({"properties_file": "s3://apps/spark.conf"}, "bootstrap action"),
        ({"driver_java_options": "-Xmx8g"}, "Spark refuses -Xmx8g"),
        ({"main_class": "com.example.A"}, "name a .jar as the application"),
        ({"principal": "me"}, "goes together with keytab"),
        ({"keytab": "/etc/me.keytab"}, "goes together with principal"),
        ({"principal": "me", "keytab": "/etc/me.keytab", "proxy_user": "you"}, "either it or principal"),
    ],
)
def test_what_spark_submit_would_misunderstand_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        spark(**fields)


NAME = "spark.dynamicAllocation.enabled"
ON = {NAME: True}


def test_a_number_of_executors_beside_dynamic_allocation_is_warned_of() -> None:
    with pytest.warns(UserWarning, match=r"SparkStep.num_executors = 15: .*minExecutors and maxExecutors") as warned:
        step = spark(num_executors=15, conf=ON)
    assert warned[0].filename == __file__
    assert command_words(step)[1:7] == ["--deploy-mode", "cluster", "--num-executors", "15", "--conf", f"{NAME}=true"]
    with pytest.warns(UserWarning, match=r"SparkStep.conf\['spark.executor.instances'\] = '15'") as warned:
        assert spark(conf={**ON, "spark.executor.instances": 15}).conf["spark.executor.instances"] == "15"
    assert warned[0].filename == __file__
    spark(num_executors=15, conf={"spark.dynamicAllocation.enabled": False})
    spark(num_executors=15)
    spark(conf=ON)


def test_a_setting_that_is_said_twice_and_differently_is_warned_of() -> None:
    with pytest.warns(UserWarning, match=r"conf says spark.submit.deployMode=client, and of the two .* takes this one"):
        spark(conf={"spark.submit.deployMode": "client"})
    with pytest.warns(UserWarning, match=r"SparkStep.driver_memory = '8g': conf says spark.driver.memory=4g"):
        step = spark(driver_memory="8g", conf={"spark.driver.memory": "4g"})
    assert command_words(step)[3:7] == ["--driver-memory", "8g", "--conf", "spark.driver.memory=4g"]
    spark(driver_memory="8g", conf={"spark.driver.memory": "8g"})
    spark(executor_cores=4, conf={"spark.executor.cores": 4})
    spark(conf={"spark.driver.memory": "4g"})
    spark(driver_memory="{{ params.memory }}", conf={"spark.driver.memory": "4g"})


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("spark.task.maxAttempts", "Spark has no such setting, and ignores it; write spark.task.maxFailures"),
        ("spark.scheduler.pool", "it is of a thread within one application.*name a queue of YARN by queue="),
    ],
)
def test_a_setting_that_nothing_reads_is_warned_of(setting: str, told: str) -> None:
    with pytest.warns(UserWarning, match=told):
        assert spark(conf={setting: 3}).conf == {setting: "3"}
    with pytest.warns(UserWarning, match=told):
        spark_defaults({setting: 3})


@pytest.mark.parametrize("value", [False, "false", " FALSE"])
def test_an_application_that_no_step_waits_for_is_warned_of(value: Any) -> None:
    setting = "spark.yarn.submit.waitAppCompletion"
    for settings in (spark, spark_defaults):
        with pytest.warns(UserWarning, match="the step completes when its application has begun"):
            settings(conf={setting: value}) if settings is spark else spark_defaults({setting: value})
    spark(conf={setting: "true"})


@pytest.mark.parametrize(
    ("application", "told"),
    [
        ("spark-shell", "it is a prompt for people, and a step has nobody who types; write what is typed"),
        ("pyspark", "it is a prompt for people"),
        (
            "spark-submit --deploy-mode cluster s3://apps/a.py",
            r'a whole command.*write SparkStep\(name, "s3://apps/a.py"',
        ),
    ],
)
def test_what_is_no_application_is_told_as_what_it_is(application: str, told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        spark(application)


def test_an_archive_has_a_name_to_unpack_under() -> None:
    assert spark(archives=["s3://apps/env.tar.gz#environment"]).archives == ("s3://apps/env.tar.gz#environment",)
    with pytest.raises(InvalidSpec, match=r"archives\[0\]"):
        spark(archives=["s3://apps#environment"])


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("spark-submit s3://my-bucket/x.py --password hunter2", '"s3://my-bucket/x.py"'),
        ("spark-submit --jars s3://my-bucket/lib.jar s3://my-bucket/x.py b.py", '"s3://my-bucket/x.py"'),
        ("spark-submit -v s3://my-bucket/x.jar", '"s3://my-bucket/x.jar"'),
        ("spark-submit --password hunter2", "application"),
        ("spark-submit --password hunter2.py", "application"),
        ("spark-submit --conf spark.a.password=hunter2.py", "application"),
    ],
)
def test_the_way_out_of_a_whole_command_names_its_program_and_no_other_word(command: str, named: str) -> None:
    with pytest.raises(InvalidSpec) as refused:
        SparkStep("s", command)
    assert f"write SparkStep(name, {named})" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_secret_that_is_said_twice_is_not_told() -> None:
    setting = "spark.driver.extraJavaOptions"
    with pytest.warns(UserWarning, match=rf"conf says {setting}=\(not shown") as said:
        spark(driver_java_options="-Dpassword=hunter2", conf={setting: "-Dpassword=hunter3"})
    assert "hunter" not in str(said[0].message)
