from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.render.step import check, render_step
from airflow_emr_pipelines.specs.steps import (
    CustomJarStep,
    DistCpStep,
    FlinkStep,
    HadoopStreamingStep,
    HiveStep,
    OnFailure,
    PigStep,
    PrestoStep,
    S3DistCpStep,
    ScriptRunnerStep,
    ShellStep,
    SparkSqlStep,
    SparkStep,
    Step,
    TrinoStep,
)
from tests.unit.specs.each_field import Output
from tests.unit.specs.emr_model import faults
from tests.unit.specs.strategies import steps


def args(step: Step) -> list[str]:
    jar_step = render_step(step)["HadoopJarStep"]
    assert jar_step["Jar"] == "command-runner.jar"
    words: list[str] = jar_step["Args"]
    return words


@given(steps)
def test_every_step_is_legal_for_the_service(step: Step) -> None:
    assert faults("AddJobFlowSteps", {"JobFlowId": "j-1", "Steps": [render_step(step)]}) == []


@given(steps)
def test_emr_is_always_told_to_continue(step: Step) -> None:
    assert render_step(step)["ActionOnFailure"] == "CONTINUE"


@given(steps)
def test_options_stand_before_the_application_and_its_own_arguments_after_it(step: Step) -> None:
    if isinstance(step, SparkStep):
        words = args(step)
        assert words[0] == "spark-submit"
        place = len(words) - len(step.args) - 1
        assert words[place] == step.application
        assert words[place + 1 :] == list(step.args)
        settings = [setting for option, setting in pairwise(words[:place]) if option == "--conf"]
        assert settings == [f"{name}={value}" for name, value in step.conf.items()]


def test_a_spark_step_with_all_its_options() -> None:
    step = SparkStep(
        "Clean",
        "s3://apps/clean.jar",
        ["--day", "2013-01-01", 5, 0.05, ""],
        main_class="com.example.Clean",
        deploy_mode="client",
        conf={"spark.sql.adaptive.enabled": True, "spark.jars.packages": "a:b:1,c:d:2", "spark.x": 3},
        driver_memory="4g",
        driver_cores=2,
        executor_memory="6553m",
        executor_cores=4,
        num_executors="15",
        py_files=["s3://apps/a.py", "s3://apps/b.zip"],
        jars=["s3://apps/c.jar"],
        files=["s3://apps/d.json#d.json"],
        archives=["s3://apps/env.tar.gz#environment"],
        packages=["org.example:a_2.12:1.0", "org.example:b_2.12:1.0"],
        exclude_packages=["org.example:c"],
        repositories=["https://maven.example.com"],
        properties_file="/etc/spark.conf",
        queue="daily",
        driver_java_options="-Da=b -Dc=d",
        driver_library_path="/lib/a",
        driver_class_path="/lib/b.jar",
        principal="me@EXAMPLE.COM",
        keytab="/etc/me.keytab",
        verbose=True,
    )
    assert args(step) == [
        "spark-submit",
        *("--deploy-mode", "client"),
        *("--class", "com.example.Clean"),
        *("--properties-file", "/etc/spark.conf"),
        *("--queue", "daily"),
        *("--driver-memory", "4g"),
        *("--driver-cores", "2"),
        *("--executor-memory", "6553m"),
        *("--executor-cores", "4"),
        *("--num-executors", "15"),
        *("--driver-java-options", "-Da=b -Dc=d"),
        *("--driver-library-path", "/lib/a"),
        *("--driver-class-path", "/lib/b.jar"),
        *("--principal", "me@EXAMPLE.COM"),
        *("--keytab", "/etc/me.keytab"),
        *("--py-files", "s3://apps/a.py,s3://apps/b.zip"),
        *("--jars", "s3://apps/c.jar"),
        *("--files", "s3://apps/d.json#d.json"),
        *("--archives", "s3://apps/env.tar.gz#environment"),
        *("--packages", "org.example:a_2.12:1.0,org.example:b_2.12:1.0"),
        *("--exclude-packages", "org.example:c"),
        *("--repositories", "https://maven.example.com"),
        "--verbose",
        *("--conf", "spark.sql.adaptive.enabled=true"),
        *("--conf", "spark.jars.packages=a:b:1,c:d:2"),
        *("--conf", "spark.x=3"),
        "s3://apps/clean.jar",
        *("--day", "2013-01-01", "5", "0.05", ""),
    ]


def test_a_spark_step_runs_its_driver_on_the_cluster_unless_told_otherwise() -> None:
    assert args(SparkStep("a", "s3://apps/a.py")) == ["spark-submit", "--deploy-mode", "cluster", "s3://apps/a.py"]
    on_behalf = SparkStep("a", "s3://apps/a.py", proxy_user="etl")
    assert args(on_behalf)[3:5] == ["--proxy-user", "etl"]


def test_a_hive_step() -> None:
    step = HiveStep(
        "Transform",
        "s3://apps/transform.hql",
        ["--hiveconf", "hive.exec.parallel=true"],
        variables={"day": "2013-01-01", "strict": False, "top": 10},
    )
    assert args(step) == [
        *("hive-script", "--run-hive-script", "--args", "-f", "s3://apps/transform.hql"),
        *("-d", "day=2013-01-01", "-d", "strict=false", "-d", "top=10"),
        *("--hiveconf", "hive.exec.parallel=true"),
    ]


def test_a_copy_with_all_its_options() -> None:
    step = S3DistCpStep(
        "Archive",
        "s3://temp-processing/2013-01-01/",
        "s3://data-archive/2013/01/",
        src_pattern=r".*\.csv$",
        group_by=r".*/(\w+)-.*",
        target_size=128,
        append_to_last_file=True,
        output_codec="gzip",
        s3_server_side_encryption="true",
        delete_on_success=True,
        multipart_upload_chunk_size=16,
        number_files=True,
        starting_index=0,
        output_manifest="manifest.gz",
        previous_manifest="s3://data-archive/manifest.gz",
        require_previous_manifest=False,
        copy_from_manifest=True,
        s3_endpoint="s3.eu-central-1.amazonaws.com",
        storage_class="REDUCED_REDUNDANCY",
        src_prefixes_file="s3://apps/prefixes.txt",
    )
    assert args(step) == [
        "s3-dist-cp",
        "--src=s3://temp-processing/2013-01-01/",
        "--dest=s3://data-archive/2013/01/",
        r"--srcPattern=.*\.csv$",
        r"--groupBy=.*/(\w+)-.*",
        "--targetSize=128",
        "--outputCodec=gzip",
        "--multipartUploadChunkSize=16",
        "--startingIndex=0",
        "--outputManifest=manifest.gz",
        "--previousManifest=s3://data-archive/manifest.gz",
        "--requirePreviousManifest=false",
        "--s3Endpoint=s3.eu-central-1.amazonaws.com",
        "--storageClass=REDUCED_REDUNDANCY",
        "--srcPrefixesFile=s3://apps/prefixes.txt",
        "--appendToLastFile",
        "--s3ServerSideEncryption",
        "--deleteOnSuccess",
        "--numberFiles",
        "--copyFromManifest",
    ]


def test_a_copy_deletes_nothing_unless_it_is_told_to() -> None:
    assert args(S3DistCpStep("a", "s3://from/", "hdfs:///to", delete_on_success="False")) == [
        *("s3-dist-cp", "--src=s3://from/", "--dest=hdfs:///to")
    ]
    unsplit = S3DistCpStep("a", "s3://from/", "hdfs:///to", disable_multipart_upload="true")
    assert args(unsplit)[-1] == "--disableMultipartUpload"


def test_a_custom_jar() -> None:
    step = CustomJarStep(
        "Score", "s3://apps/a.jar", ["x", 1], main_class="com.example.A", properties={"a": 1, "b": "c"}
    )
    assert render_step(step)["HadoopJarStep"] == {
        "Jar": "s3://apps/a.jar",
        "Args": ["x", "1"],
        "MainClass": "com.example.A",
        "Properties": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "c"}],
    }
    assert render_step(CustomJarStep("a", "/usr/lib/a.jar"))["HadoopJarStep"] == {"Jar": "/usr/lib/a.jar", "Args": []}


def test_a_shell_step_hands_bash_one_line() -> None:
    line = "aws s3 cp s3://apps/x.sh . && bash x.sh 'two words'"
    assert args(ShellStep("a", line)) == ["bash", "-c", line]


def test_words_that_command_runner_drops_are_warned_of() -> None:
    with pytest.warns(UserWarning, match=r"SparkStep\('x'\), HadoopJarStep.Args\[5\] = '': it does not arrive"):
        render_step(SparkStep("x", "s3://bucket/x.py", ["--since", ""]))
    nested = '{"a": {"b": 1}}'
    for step in (ShellStep("x", f"echo '{nested}'"), CustomJarStep("x", "command-runner.jar", ["echo", nested])):
        with pytest.warns(UserWarning, match="}} does not arrive"):
            render_step(step)
    render_step(CustomJarStep("x", "s3://bucket/x.jar", ["", "{}}"]))
    render_step(ScriptRunnerStep("x", "s3://bucket/x.sh", ["", "}}"], region="eu-west-1"))


@pytest.mark.parametrize(
    ("arguments", "places"),
    [
        (["--cred", '{"a":{"password":"hunter2"}}'], [5]),
        (["--password", "hunter2", "", "x", ""], [6, 8]),
        (["--password", "hunter2}}"], [5]),
    ],
)
def test_what_is_dropped_is_told_by_its_place_and_without_secrets(arguments: list[str], places: list[int]) -> None:
    with pytest.warns(UserWarning, match="does not arrive") as said:
        render_step(SparkStep("x", "s3://bucket/x.py", arguments))
    assert [int(str(one.message).partition("Args[")[2].partition("]")[0]) for one in said] == places
    assert not any("hunter2" in str(one.message) for one in said)
    assert {one.filename for one in said} == {__file__}


@pytest.mark.parametrize("word", ["{ ds }}", "--day={params.day}}"])
def test_half_a_template_is_not_told_to_be_written_with_a_blank(word: str) -> None:
    with pytest.warns(
        UserWarning, match=r"for a template write \{\{ (ds|params\.day) \}\}; else write it with a blank"
    ):
        render_step(SparkStep("x", "s3://bucket/x.py", [word]))


def test_the_first_word_that_is_empty_follows_none() -> None:
    with pytest.warns(UserWarning, match=r"Args\[0\] = ''") as said:
        render_step(CustomJarStep("x", "command-runner.jar", ["", "--password", "hunter2"]))
    assert "hunter2" not in str(said[0].message)


def test_the_name_with_the_key_takes_the_place_of_the_name() -> None:
    assert render_step(ShellStep("two words", "true"))["Name"] == "two words"
    assert render_step(ShellStep("a", "true"), name="a [key]")["Name"] == "a [key]"


def test_a_script_runs_by_the_jar_of_its_region_and_in_no_other() -> None:
    step = ScriptRunnerStep("a", "s3://apps/a.sh", ["x", 1], region="eu-central-1")
    assert render_step(step, region="eu-central-1")["HadoopJarStep"] == {
        "Jar": "s3://eu-central-1.elasticmapreduce/libs/script-runner/script-runner.jar",
        "Args": ["s3://apps/a.sh", "x", "1"],
    }
    with pytest.raises(InvalidSpec, match='cluster\'s own region, which is us-east-1; write region="us-east-1"'):
        render_step(step, region="us-east-1")


def test_a_spark_sql_step() -> None:
    step = SparkSqlStep(
        "a",
        "s3://sql/q.sql",
        ["--database", "web"],
        variables={"day": "2013-01-01", "top": 10},
        conf={"spark.executor.memory": "4g", "spark.sql.adaptive.enabled": True},
    )
    assert args(step) == [
        *("spark-sql", "--conf", "spark.executor.memory=4g", "--conf", "spark.sql.adaptive.enabled=true"),
        *("-f", "s3://sql/q.sql", "-d", "day=2013-01-01", "-d", "top=10", "--database", "web"),
    ]


def test_a_pig_step() -> None:
    step = PigStep("a", "s3://pig/a.pig", ["-x", "tez"], parameters={"IN": "s3://raw/2013"})
    assert args(step) == [
        *("pig-script", "--run-pig-script", "--args", "-f", "s3://pig/a.pig", "-p", "IN=s3://raw/2013", "-x", "tez")
    ]


def test_a_streaming_step_says_generic_options_first() -> None:
    step = HadoopStreamingStep(
        "a",
        "m.py --fast",
        "aggregate",
        ["s3://raw/a/", "s3://raw/b/"],
        "s3://out/c/",
        files=["s3://mr-code/m.py", "s3://mr-code/stop.txt#words"],
        archives=["s3://mr-code/lib.zip#lib"],
        jars=["s3://mr-code/x.jar"],
        conf={"mapreduce.job.name": "count"},
        combiner="c",
        partitioner="p.P",
        input_format="i.I",
        output_format="o.O",
        num_reduce_tasks=3,
        environment={"LANG": "C"},
        args=["-verbose"],
    )
    assert args(step) == [
        *("hadoop-streaming", "-D", "mapreduce.job.name=count"),
        *("-files", "s3://mr-code/m.py,s3://mr-code/stop.txt#words"),
        *("-archives", "s3://mr-code/lib.zip#lib", "-libjars", "s3://mr-code/x.jar"),
        *("-mapper", "m.py --fast", "-combiner", "c", "-reducer", "aggregate", "-partitioner", "p.P"),
        *("-inputformat", "i.I", "-outputformat", "o.O", "-numReduceTasks", "3"),
        *("-input", "s3://raw/a/", "-input", "s3://raw/b/", "-output", "s3://out/c/"),
        *("-cmdenv", "LANG=C", "-verbose"),
    ]


def test_a_copy_by_distcp() -> None:
    step = DistCpStep("a", "s3://raw/a", "hdfs:///b", update=True, delete="true", conf={"x": 1}, args=["-m", 20])
    assert args(step) == ["hadoop", "distcp", "-D", "x=1", "-update", "-delete", "-m", "20", "s3://raw/a", "hdfs:///b"]
    assert args(DistCpStep("a", "/a", "/b", overwrite=True)) == ["hadoop", "distcp", "-overwrite", "/a", "/b"]


def test_a_flink_step() -> None:
    step = FlinkStep(
        "a",
        "s3://apps/a.jar",
        ["--day", 1],
        main_class="org.A",
        application_id="application_1700000000000_0001",
        parallelism="4",
        detached=True,
        conf={"taskmanager.numberOfTaskSlots": 2},
    )
    assert args(step) == [
        *("flink", "run", "-m", "yarn-cluster", "-yid", "application_1700000000000_0001", "-p", "4", "-c", "org.A"),
        *("-d", "-yD", "taskmanager.numberOfTaskSlots=2", "s3://apps/a.jar", "--day", "1"),
    ]
    assert args(FlinkStep("a", "/home/hadoop/a.jar")) == ["flink", "run", "-m", "yarn-cluster", "/home/hadoop/a.jar"]


def test_sql_for_trino_and_for_presto() -> None:
    trino = TrinoStep("a", execute="SELECT 1; SELECT 2", catalog="hive", schema="web", args=["--debug"])
    assert args(trino) == [
        *("trino-cli", "--catalog", "hive", "--schema", "web", "--debug", "--execute", "SELECT 1; SELECT 2")
    ]
    assert args(TrinoStep("a", file="/q.sql", client="presto-cli")) == ["presto-cli", "--file", "/q.sql"]
    assert args(PrestoStep("a", file="/q.sql")) == ["presto-cli", "--file", "/q.sql"]


def test_logs_of_a_steps_own() -> None:
    key = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd"
    rendered = render_step(ShellStep("a", "true", log_uri="s3://logs/a/", encryption_key_arn=key))
    s3 = {"LogUri": "s3://logs/a/", "EncryptionKeyArn": key}
    assert rendered["StepMonitoringConfiguration"] == {"S3MonitoringConfiguration": s3}
    assert "StepMonitoringConfiguration" not in render_step(ShellStep("a", "true"))


def test_what_the_cluster_says_of_the_deploy_mode_is_left_to_it() -> None:
    assert args(SparkStep("a", "s3://apps/a.py", deploy_mode=None)) == ["spark-submit", "s3://apps/a.py"]


@pytest.mark.parametrize(
    "step",
    [
        SparkStep("a", "s3://apps/a.py", ["x" * 5_000, "y" * 5_000, "z" * 241]),
        HiveStep("a", "s3://apps/a.hql", variables={"x": "y" * 10_241}),
        CustomJarStep("a", "s3://apps/a.jar", properties={f"a{n}": "x" * 100 for n in range(100)}),
    ],
    ids=lambda step: type(step).__name__,
)
def test_a_step_that_is_too_long_is_refused_where_it_is_rendered_and_where_it_is_checked(step: Step) -> None:
    for refuse in (render_step, check, lambda step: check([step])):
        with pytest.raises(InvalidSpec, match="at most 10,240 in all the arguments"):
            refuse(step)


def test_check_lets_be_what_it_cannot_know() -> None:
    too_long = "x" * 10_241
    late = SparkStep("a", "s3://apps/a.py", [too_long, "{{ ds }}"])
    check("{{ params.step }}", None, {"kind": "spark"}, Output(), [late])
    with pytest.raises(InvalidSpec, match="at most"):
        check([replace(late, args=[too_long])])


def test_a_step_kind_that_emr_on_ec2_cannot_run_is_refused() -> None:
    @dataclass(frozen=True)
    class QuantumStep(Step):
        qubits: int = 5

    with pytest.raises(InvalidSpec, match="EMR on EC2 cannot run a QuantumStep"):
        render_step(QuantumStep("a"))


@pytest.mark.parametrize("word", OnFailure)
def test_a_failure_word_changes_nothing_that_emr_sees(word: Any) -> None:
    assert render_step(ShellStep("a", "true", on_failure=word)) == render_step(ShellStep("a", "true"))
