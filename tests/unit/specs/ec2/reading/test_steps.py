from __future__ import annotations

import copy
import dataclasses
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.render.step import hadoop_jar_step, render_step
from airflow_emr_pipelines.specs.serialization import to_dict
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
from tests.unit.specs.ec2.reading.test_cluster import texts_of
from tests.unit.specs.emr_model import EMR
from tests.unit.specs.strategies import steps, words


def command(*args: Any, **more: Any) -> dict[str, Any]:
    """A step as Airflow's stock operators take it."""
    return {"Name": "a", "HadoopJarStep": {"Jar": "command-runner.jar", "Args": list(args)}, **more}


@given(steps)
def test_what_is_rendered_is_read_back_as_the_same_request(step: Step) -> None:
    request = render_step(step)
    assert render_step(Step.from_request(request)) == request


@given(steps)
def test_what_is_rendered_is_read_back_as_the_same_step(step: Step) -> None:
    """Of one kind: presto-cli is the client of Presto and of older releases' Trino."""
    read = Step.from_request({**render_step(step), "ActionOnFailure": OnFailure(step.on_failure).value})
    if isinstance(step, TrinoStep):
        assert type(read).__name__ == {"trino-cli": "TrinoStep", "presto-cli": "PrestoStep"}[step.client]
    else:
        assert type(read) is type(step)
        assert read.on_failure is step.on_failure


@given(st.lists(words, max_size=4), words.filter(lambda word: len(f"my-{word}".split()) == 1))
def test_a_command_that_no_kind_has_a_form_for_keeps_its_words(args: list[str], program: str) -> None:
    step = Step.from_request(command(f"my-{program}", *args))
    assert isinstance(step, CustomJarStep)
    assert render_step(step)["HadoopJarStep"] == command(f"my-{program}", *args)["HadoopJarStep"]


STOCK: list[tuple[list[str], Step]] = [
    (
        [
            "spark-submit",
            "--deploy-mode",
            "cluster",
            "--master",
            "yarn",
            "--conf",
            "spark.x=a=b",
            "s3://apps/a.py",
            "-d",
        ],
        SparkStep("a", "s3://apps/a.py", ["-d"], conf={"spark.master": "yarn", "spark.x": "a=b"}),
    ),
    (
        ["/usr/bin/spark-submit", "--class=org.A", "--executor-memory=2g", "--jars", "s3://a-b/a.jar,/b.jar", "/c.jar"],
        SparkStep(
            "a", "/c.jar", main_class="org.A", executor_memory="2g", jars=["s3://a-b/a.jar", "/b.jar"], deploy_mode=None
        ),
    ),
    (
        ["spark-submit", "--name", "job", "-v", "-c", "spark.submit.deployMode=client", "s3://apps/{{ ds }}.py"],
        SparkStep(
            "a",
            "s3://apps/{{ ds }}.py",
            conf={"spark.app.name": "job", "spark.submit.deployMode": "client"},
            verbose=True,
            deploy_mode=None,
        ),
    ),
    (
        [
            "spark-sql",
            "--driver-memory",
            "2g",
            "-f",
            "s3://sql/q.sql",
            "-d",
            "day={{ ds }}",
            "--database",
            "x",
            "--conf",
            "spark.y=1",
        ],
        SparkSqlStep(
            "a",
            "s3://sql/q.sql",
            ["--database", "x"],
            variables={"day": "{{ ds }}"},
            conf={"spark.driver.memory": "2g", "spark.y": "1"},
        ),
    ),
    (
        ["hive-script", "--run-hive-script", "--args", "-f", "s3://sql/q.hql", "-d", "IN=s3://a/b", "--define", "X=1"],
        HiveStep("a", "s3://sql/q.hql", variables={"IN": "s3://a/b", "X": "1"}),
    ),
    (
        ["hive", "--hiveconf", "a=b", "-f", "s3://sql/q.hql", "--hivevar", "x=1"],
        HiveStep("a", "s3://sql/q.hql", ["--hiveconf", "a=b", "--hivevar", "x=1"]),
    ),
    (
        [
            "pig-script",
            "--run-pig-script",
            "--args",
            "-x",
            "tez",
            "-f",
            "s3://pig/a.pig",
            "-p",
            "IN=s3://a/b",
            "-param",
            "X=1",
        ],
        PigStep("a", "s3://pig/a.pig", ["-x", "tez"], parameters={"IN": "s3://a/b", "X": "1"}),
    ),
    (
        [
            *("hadoop-streaming", "-D", "a=1", "-Db=2", "-files", "s3://mr/m.py,s3://mr/r.py#red.py"),
            *(
                "-mapper",
                "m.py",
                "-reducer",
                "red.py",
                "-input",
                "s3://in/a",
                "-input",
                "s3://in/b",
                "-output",
                "s3://out/c",
            ),
            *("-cmdenv", "X=1", "-verbose", "-io", "text"),
        ],
        HadoopStreamingStep(
            "a",
            "m.py",
            "red.py",
            ["s3://in-in/a", "s3://in-in/b"],
            "s3://out/c",
            files=["s3://mr-mr/m.py", "s3://mr-mr/r.py#red.py"],
            conf={"a": "1", "b": "2"},
            environment={"X": "1"},
            args=["-verbose", "-io", "text"],
        ),
    ),
    (
        [
            "s3-dist-cp",
            "--src",
            "s3://from/a",
            "--dest=hdfs:///b",
            "--groupBy=.*(x)",
            "--targetSize",
            "128",
            "--deleteOnSuccess",
        ],
        S3DistCpStep("a", "s3://from/a", "hdfs:///b", group_by=".*(x)", target_size=128, delete_on_success=True),
    ),
    (
        ["hadoop", "distcp", "-D", "x=1", "-update", "-m", "20", "-delete", "s3://from/a", "hdfs:///b"],
        DistCpStep("a", "s3://from/a", "hdfs:///b", update=True, delete=True, conf={"x": 1}, args=["-m", "20"]),
    ),
    (["bash", "-c", "aws s3 ls && true"], ShellStep("a", "aws s3 ls && true")),
    (["bash", "-c", "-x y"], ShellStep("a", "-x y")),
    (
        [
            "flink",
            "run",
            "-m",
            "yarn-cluster",
            "-yid",
            "application_1_2",
            "-d",
            "-c",
            "A",
            "-yD",
            "x=1",
            "s3://apps/a.jar",
            "-d",
        ],
        FlinkStep(
            "a",
            "s3://apps/a.jar",
            ["-d"],
            main_class="A",
            application_id="application_1_2",
            detached=True,
            conf={"x": "1"},
        ),
    ),
    (
        ["presto-cli", "--catalog=hive", "--execute", "SELECT 1", "--debug"],
        PrestoStep("a", execute="SELECT 1", catalog="hive", args=["--debug"]),
    ),
    (
        ["trino-cli", "--schema", "web", "-f", "/home/hadoop/q.sql"],
        TrinoStep("a", file="/home/hadoop/q.sql", schema="web"),
    ),
]


def named_like_buckets(word: str) -> str:
    return word.replace("s3://in/", "s3://in-in/").replace("s3://mr/", "s3://mr-mr/")


@pytest.mark.parametrize(("args", "step"), STOCK, ids=lambda part: part[0] if isinstance(part, list) else "")
def test_commands_as_people_write_them(args: list[str], step: Step) -> None:
    assert Step.from_request(command(*map(named_like_buckets, args))) == step


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["/usr/lib/spark/bin/run-example", "SparkPi", "10"],
        ["spark-example", "SparkPi", "10"],
        ["hive", "-e", "SELECT 1"],
        ["hive-script", "--help"],
        ["spark-sql", "-e", "SELECT 1"],
        ["bash", "-c", "echo $0", "x"],
        ["bash", "x.sh"],
        ["hadoop", "fs", "-ls", "/"],
        ["hadoop", "distcp", "s3://a-b/c", "s3://d-e/f", "hdfs:///g"],
        ["hadoop", "distcp", "-libjars", "x.jar", "s3://a-b/c", "hdfs:///g"],
        ["hadoop", "distcp", "hdfs:///g"],
        ["hadoop-streaming", "-conf", "x.xml", "-mapper", "cat", "-reducer", "cat", "-input", "/a", "-output", "/b"],
        ["hadoop-streaming", "-mapper", "cat", "-input", "/a", "-output", "/b"],
        ["flink", "run", "s3://apps/a.jar"],
        ["flink", "run", "-m", "yarn-cluster", "-ytm", "2g", "s3://apps/a.jar"],
        ["flink", "run", "-m", "yarn-cluster"],
        ["flink-yarn-session", "-d"],
        ["presto-cli", "--catalog", "hive"],
        ["spark-submit", "--jars", "{{ params.jars }}", "s3://apps/a.py"],
        ["spark-submit", "--conf", "{{ params.conf }}", "s3://apps/a.py"],
        ["spark-submit", "--conf", "{{ a == b }}", "s3://apps/a.py"],
    ],
    ids=" ".join,
)
def test_what_no_kind_says_stays_a_command(args: list[str]) -> None:
    assert Step.from_request(command(*args)) == CustomJarStep("a", "command-runner.jar", args)


def test_outputs_of_other_tasks_are_kept() -> None:
    output: Any = Output()
    step = Step.from_request(command("spark-submit", "s3://apps/a.py", output))
    assert isinstance(step, SparkStep)
    assert step.args == (output,)
    for request in (
        command("spark-submit", "--conf", output, "s3://apps/a.py"),
        command("spark-submit", "--jars", output, "s3://apps/a.py"),
        command(output),
    ):
        assert Step.from_request(request) == CustomJarStep("a", "command-runner.jar", request["HadoopJarStep"]["Args"])
    whole = {"Name": output, "HadoopJarStep": {"Jar": "command-runner.jar", "Args": output}}
    assert to_dict(Step.from_request(whole)) == {
        "kind": "custom_jar",
        "name": output,
        "jar": "command-runner.jar",
        "args": output,
    }


def test_a_jar_of_ones_own_is_read_with_all_it_has() -> None:
    jar_step = {"Jar": "s3://apps/a.jar", "MainClass": "A", "Args": ["x"], "Properties": [{"Key": "a", "Value": "b"}]}
    expected = CustomJarStep("a", "s3://apps/a.jar", ["x"], main_class="A", properties={"a": "b"})
    assert Step.from_request({"Name": "a", "HadoopJarStep": jar_step}) == expected
    assert Step.from_request(jar_step, name="a") == expected
    assert Step.from_request({**jar_step, "Properties": {"a": "b"}}, name="a") == expected
    assert Step.from_request({"Jar": "s3://apps/a.jar"}, name="a") == CustomJarStep("a", "s3://apps/a.jar")


def test_a_command_with_properties_keeps_them() -> None:
    request = command("bash", "-c", "true")
    request["HadoopJarStep"]["Properties"] = [{"Key": "a"}]
    assert Step.from_request(request) == CustomJarStep(
        "a", "command-runner.jar", ["bash", "-c", "true"], properties={"a": ""}
    )


def test_a_script_of_script_runner_knows_its_region() -> None:
    jar = "s3://cn-north-1.elasticmapreduce/libs/script-runner/script-runner.jar"
    step = Step.from_request({"Name": "a", "HadoopJarStep": {"Jar": jar, "Args": ["s3://apps/a.sh", "x"]}})
    assert step == ScriptRunnerStep("a", "s3://apps/a.sh", ["x"], region="cn-north-1")
    old = "s3://elasticmapreduce/libs/script-runner/script-runner.jar"
    for other, args in ((jar, []), (old, ["s3://apps/a.sh"])):
        assert Step.from_request({"Jar": other, "Args": args}, name="a") == CustomJarStep("a", other, args)


@pytest.mark.parametrize(
    ("action", "word"),
    [
        ("TERMINATE_JOB_FLOW", OnFailure.TERMINATE_CLUSTER),
        ("TERMINATE_CLUSTER", OnFailure.TERMINATE_CLUSTER),
        ("CONTINUE", OnFailure.CONTINUE),
        ("CANCEL_AND_WAIT", OnFailure.CANCEL_AND_WAIT),
        ("{{ params.action }}", "{{ params.action }}"),
        (None, OnFailure.CANCEL_AND_WAIT),
    ],
)
def test_what_a_failure_means_is_carried_over(action: str | None, word: str) -> None:
    assert Step.from_request(command("bash", "-c", "true", ActionOnFailure=action)).on_failure == word


def test_logs_of_a_steps_own_are_carried_over() -> None:
    key = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd"
    monitoring = {"S3MonitoringConfiguration": {"LogUri": "s3://logs/a/", "EncryptionKeyArn": key}}
    step = Step.from_request(command("bash", "-c", "true", StepMonitoringConfiguration=monitoring))
    assert step == ShellStep("a", "true", log_uri="s3://logs/a/", encryption_key_arn=key)
    assert render_step(step)["StepMonitoringConfiguration"] == monitoring
    assert Step.from_request(command("bash", "-c", "true", StepMonitoringConfiguration={})) == ShellStep("a", "true")


@pytest.mark.parametrize(
    ("cli", "step"),
    [
        (
            {"Type": "Spark", "Name": "a", "Args": ["--deploy-mode", "cluster", "s3://apps/a.py"]},
            SparkStep("a", "s3://apps/a.py"),
        ),
        (
            {"Type": "SPARK", "Args": ["s3://apps/a.py"]},
            SparkStep("Spark application", "s3://apps/a.py", deploy_mode=None),
        ),
        ({"Type": "Hive", "Args": ["-f", "s3://sql/a.hql"]}, HiveStep("Hive program", "s3://sql/a.hql")),
        ({"Type": "PIG", "Args": ["-f", "s3://pig/a.pig"]}, PigStep("Pig program", "s3://pig/a.pig")),
        (
            {"Type": "STREAMING", "Args": ["-mapper", "cat", "-reducer", "wc", "-input", "/a", "-output", "/b"]},
            HadoopStreamingStep("Streaming program", "cat", "wc", ["/a"], "/b"),
        ),
        (
            {"Name": "a", "Jar": "s3://apps/a.jar", "Properties": "x=1,y=a=b,z"},
            CustomJarStep("a", "s3://apps/a.jar", properties={"x": "1", "y": "a=b", "z": ""}),
        ),
        (
            {"Type": "CUSTOM_JAR", "Jar": "command-runner.jar", "Args": ["bash", "-c", "x"]},
            ShellStep("Custom JAR", "x"),
        ),
    ],
)
def test_steps_as_the_aws_cli_takes_them(cli: dict[str, Any], step: Step) -> None:
    """Where it is told no action, it says CONTINUE."""
    assert Step.from_request(cli) == dataclasses.replace(step, on_failure="CONTINUE")
    assert Step.from_request({**cli, "ActionOnFailure": "CANCEL_AND_WAIT"}) == step


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ("bash", "it is a mapping, not a str"),
        ([], "it is a mapping, not a list"),
        (command("true", Description="x"), r"step 'a': StepConfig.Description = 'x'"),
        ({"Name": "a", "HadoopJarStep": {"Jar": "/a.jar", "Arg": []}}, "HadoopJarStep.Arg .* did you mean Args"),
        ({"Name": "a", "HadoopJarStep": []}, "HadoopJarStep = .*it is a mapping"),
        ({"Name": "a", "HadoopJarStep": {"Args": []}}, 'a step has a jar; write "Jar": "command-runner.jar"'),
        ({"HadoopJarStep": {"Jar": "/a.jar"}}, r"step '\(no name\)': Name = None: a step has a name"),
        ({"Type": "IMPALA", "Args": []}, "it is no type of a step"),
        ({"Type": "Spark", "Args": "s3://apps/a.py"}, "it is a list"),
        ({"Type": "Spark"}, "it is a list"),
        ({"Type": "Hive", "Jar": "/a.jar", "Args": ["-f", "s3://sql/a.hql"]}, "Jar = .*a step of type Hive has none"),
        ({"Type": "Spark", "Args": [], "LogUrl": "s3://a/"}, "step.LogUrl"),
        (command("true", StepMonitoringConfiguration={"CloudWatch": {}}), "StepMonitoringConfiguration.CloudWatch"),
        (command("true", StepMonitoringConfiguration="s3://logs/"), "it is a mapping"),
        (
            command("true", StepMonitoringConfiguration={"S3MonitoringConfiguration": {"Uri": "s3://logs/"}}),
            "S3MonitoringConfiguration.Uri",
        ),
        ({"Name": "a", "HadoopJarStep": {"Jar": "/a.jar", "Properties": [{"Kee": "a"}]}}, "Properties.Kee"),
        ({"Name": "a", "HadoopJarStep": {"Jar": "/a.jar", "Properties": ["a"]}}, "it is a list of keys and values"),
        (
            {"Name": "a", "HadoopJarStep": {"Jar": "/a.jar", "Properties": [{"Key": "a", "Value": "1"}, {"Key": "a"}]}},
            "it is there twice",
        ),
        ({"Name": "a", "HadoopJarStep": {"Jar": "/a.jar", "Properties": [{"Value": "a"}]}}, "None: a key is a text"),
        ({"Name": "a", "HadoopJarStep": {"Jar": "/a.jar", "Properties": [{"Key": ["a"]}]}}, "a key is a text"),
        (command("spark-submit", "--executor-memroy", "2g", "s3://apps/a.py"), "did you mean --executor-memory"),
        (
            command("spark-submit", "--supervise", "s3://apps/a.py"),
            "it is no option of spark-submit that a step can have",
        ),
        (command("spark-submit", "--conf", "spark.x", "s3://apps/a.py"), "write --conf name=value"),
        (command("spark-submit", "--conf", "a=true,b=true", "s3://apps/a.py"), "step 'a': SparkStep.conf"),
        (command("presto-cli", "--execute", "a", "--execute", "b"), "'--execute': it is given twice"),
        (
            command("spark-submit", "--deploy-mode cluster", "s3://a-b/c.py"),
            r'write args=\["--deploy-mode", "cluster"\]',
        ),
        (
            command("spark-submit --deploy-mode cluster s3://a-b/c.py"),
            r'parts no words.*write args=\["spark-submit", "--deploy-mode", "cluster", "s3://a-b/c.py"\]',
        ),
        (command("spark-submit", "--class"), "--class.*needs a value"),
        (command("spark-submit", "--class", "A"), "no application to submit"),
        (command("s3-dist-cp", "--src=s3://from/a"), "it lacks --dest"),
        (command("s3-dist-cp", "--src=s3://from/a", "--dest=/a", "--groupby=(a)"), "did you mean --groupBy"),
        (command("s3-dist-cp", "--src=s3://from/a", "--dest=/a", "--deleteOnSuccess=no"), "it is a truth value"),
        (
            command("hive-script", "--hive-versions", "latest", "--run-hive-script", "--args", "-f", "s3://a-b/c.hql"),
            "take --hive-versions out",
        ),
        (command("spark-sql", "--deploy-mode", "cluster", "-f", "s3://sql/q.sql"), "no other deploy mode"),
        (command("state-pusher-script"), "AWS withdrew in January 2023; leave this step out"),
        (command("bash", "-c", "true", ActionOnFailure="STOP"), "ShellStep.on_failure"),
        (
            command(
                "hadoop-streaming", "-mapper", "cat", "-reducer", "wc", "-input", "/a", "-output", "/b", "-files", "/c"
            ),
            "Hadoop takes -files only before",
        ),
    ],
)
def test_what_is_not_understood_is_refused_by_name(request_: Any, told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        Step.from_request(request_)


def test_a_kind_reads_only_its_own() -> None:
    request = command("spark-submit", "s3://apps/a.py")
    assert SparkStep.from_request(request).application == "s3://apps/a.py"
    with pytest.raises(InvalidSpec, match=r"it is no HiveStep; read it by SparkStep\.from_request"):
        HiveStep.from_request(request)


@pytest.mark.parametrize(
    "names",
    [
        "airflow_emr_pipelines import Step",
        "airflow_emr_pipelines.specs.steps import Step",
        "airflow_emr_pipelines.specs.steps.base import Step",
        "airflow_emr_pipelines.specs.steps.spark import SparkStep as Step",
    ],
)
def test_every_kind_is_read_wherever_the_name_comes_from(names: str) -> None:
    """In a Python that has imported nothing else of ours."""
    words = ["spark-submit", "--deploy-mode", "client", "s3://apps/a.py"]
    code = f"from {names}\nprint(Step.from_request({command(*words)!r}))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == str(SparkStep("a", "s3://apps/a.py", deploy_mode="client"))


def test_another_name_takes_the_place_of_the_requests() -> None:
    assert Step.from_request(command("bash", "-c", "true"), name="b").name == "b"


def test_reading_changes_nothing_of_the_request() -> None:
    args = ["hadoop", "distcp", "-D", "x=1", "s3://from/a", "hdfs:///b"]
    request = command(*args)
    Step.from_request(request)
    assert request == command(*args)


def test_a_read_step_is_rendered_in_emrs_own_form() -> None:
    read = Step.from_request(command("hive", "-f", "s3://sql/a.hql", "-d", "x=1"))
    assert hadoop_jar_step(read)["Args"] == [
        *("hive-script", "--run-hive-script", "--args", "-f", "s3://sql/a.hql", "-d", "x=1")
    ]


WITH_EVERYTHING = {
    "Name": "a",
    "ActionOnFailure": "CONTINUE",
    "HadoopJarStep": {
        "Jar": "s3://apps/a.jar",
        "Args": ["", "b"],
        "MainClass": "org.example.A",
        "Properties": [{"Key": "c", "Value": ""}],
    },
    "StepMonitoringConfiguration": {
        "S3MonitoringConfiguration": {
            "LogUri": "s3://logs/",
            "EncryptionKeyArn": "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        }
    },
}


def read_of(request: dict[str, Any]) -> Step | str:
    try:
        return Step.from_request(request, name="a")
    except InvalidSpec as error:
        return f"{error.field}: {error.rule}"


def test_an_empty_text_says_what_a_missing_one_says() -> None:
    """What EMR's console exports: a form that was not filled in."""
    request: Any = EMR.operation_model("AddJobFlowSteps").input_shape
    shape = request.members["Steps"].member
    paths = [*texts_of(shape, WITH_EVERYTHING), ("HadoopJarStep", "Properties")]
    assert {path[-1] for path in paths} >= {"MainClass", "ActionOnFailure", "LogUri", "EncryptionKeyArn", "Jar"}
    for path in paths:
        asked = copy.deepcopy(WITH_EVERYTHING)
        of: Any = asked
        for part in path[:-1]:
            of = of[part]
        del of[path[-1]]
        missing = read_of(asked)
        of[path[-1]] = ""
        assert path[-1] == "Key" or read_of(asked) == missing, path


def test_a_step_as_emrs_console_exports_it_is_the_one_without_what_is_empty() -> None:
    exported = command("spark-submit", "s3://apps/a.py", ActionOnFailure="CONTINUE")
    exported["HadoopJarStep"] |= {"Properties": "", "MainClass": ""}
    step = Step.from_request(exported)
    assert step == SparkStep("a", "s3://apps/a.py", deploy_mode=None, on_failure=OnFailure.CONTINUE)
    assert hadoop_jar_step(step) == {"Jar": "command-runner.jar", "Args": ["spark-submit", "s3://apps/a.py"]}
    cli = {"Type": "Spark", "Name": "", "ActionOnFailure": "", "Args": ["s3://apps/a.py"], "MainClass": "", "Jar": ""}
    assert Step.from_request(cli) == dataclasses.replace(step, name="Spark application")


def test_empty_words_and_values_are_kept() -> None:
    assert render_step(Step.from_request(WITH_EVERYTHING))["HadoopJarStep"] == WITH_EVERYTHING["HadoopJarStep"]


@pytest.mark.parametrize(
    ("args", "told", "taken"),
    [
        (["--conf", "spark.x=1", "--conf", "spark.x=2"], "--conf spark.x", {"conf": {"spark.x": "2"}}),
        (["--queue", "a", "--queue", "b"], "--queue", {"queue": "b"}),
        (["--driver-memory", "4g", "--driver-memory=8g"], "--driver-memory", {"driver_memory": "8g"}),
        (["--jars", "/a.jar", "--jars", "/b.jar"], "--jars", {"jars": ("/b.jar",)}),
        (["--name", "a", "--conf", "spark.app.name=b"], "--conf spark.app.name", {"conf": {"spark.app.name": "a"}}),
    ],
)
def test_what_spark_is_told_twice_is_warned_of_and_read_as_spark_does(
    args: list[str], told: str, taken: dict[str, Any]
) -> None:
    request = command("spark-submit", *args, "s3://apps/a.py")
    with pytest.warns(UserWarning, match=f"Args = '{told}': it is given twice, with different values") as warned:
        step = Step.from_request(request)
    assert warned[0].filename == __file__
    assert step == SparkStep("a", "s3://apps/a.py", deploy_mode=None, **taken)


def test_spark_sql_takes_an_option_before_a_setting() -> None:
    with pytest.warns(UserWarning, match="--conf spark.driver.memory"):
        step = Step.from_request(
            command("spark-sql", "--driver-memory", "4g", "--conf", "spark.driver.memory=8g", "-f", "s3://sql/a.sql")
        )
    assert step == SparkSqlStep("a", "s3://sql/a.sql", conf={"spark.driver.memory": "4g"})


def test_a_command_that_is_a_prompt_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="spark-shell is a prompt for people: with nobody who types it ends at once"):
        step = Step.from_request(command("spark-shell", "-i", "/home/hadoop/a.scala"))
    assert hadoop_jar_step(step)["Args"] == ["spark-shell", "-i", "/home/hadoop/a.scala"]
