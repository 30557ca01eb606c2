"""Shell commands, scripts, and what they find on a cluster."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from local.local_emulator import LocalEmulator
from tests.integration.emulator.host.steps.conftest import Cluster, keys, lives

WITHOUT_CLI = 'PATH="$(dirname "$(command -v aws)"):/bin"'
"""As if whoever started the emulator had no AWS CLI."""
SCRIPT_RUNNER = "s3://us-east-1.elasticmapreduce/libs/script-runner/script-runner.jar"


def test_a_command_runs_in_a_home_of_the_cluster_and_with_an_environment_of_its_own(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = cluster.run("bash", "-c", "env; pwd; touch $HOME/seen; id -un > /dev/null")
    seen = dict(line.split("=", 1) for line in ended.stdout.splitlines() if "=" in line)
    assert ended.state == "COMPLETED"
    assert seen["HOME"] != os.environ["HOME"]
    assert seen["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert seen["AWS_ACCESS_KEY_ID"] == "emulator"
    assert not {name for name in seen if name.startswith(("AIRFLOW__", "PYTEST"))}
    assert cluster.run("bash", "-c", "ls $HOME").stdout.split() == ["seen"]


def test_nothing_of_the_emulators_own_environment_is_handed_on(cluster: Cluster) -> None:
    names = set(cluster.run("bash", "-c", "env -0 | tr '\\0\\n' '\\n ' | cut -d= -f1").stdout.split())
    inherited = {"PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ"}
    of_bash = {"PWD", "SHLVL", "_", "OLDPWD"}
    given = {
        "HOME", "USER", "LOGNAME", "TMPDIR", "XDG_CACHE_HOME", "AIRFLOW_EMR_EMULATOR", "AIRFLOW_EMR_HDFS",
        "HADOOP_USER_NAME", "HADOOP_CONF_DIR", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
        "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EC2_METADATA_DISABLED", "PIP_TARGET", "PYTHONPATH",
    }  # fmt: skip
    assert names <= inherited | of_bash | given


def test_a_failure_says_what_the_command_said(cluster: Cluster) -> None:
    ended = cluster.run("bash", "-c", "echo start; echo 'no space on device' >&2; exit 7")
    assert ended.state == "FAILED"
    assert ended.failure["Message"] == "no space on device"
    assert ended.failure["LogFile"] == f"s3://step-logs/emr/{cluster.id}/steps/{ended.id}/stderr.gz"
    assert "exit code 7" in ended.controller
    assert (ended.stdout, ended.stderr, ended.log("syslog")) == ("start\n", "no space on device\n", "")


def test_aws_s3_copies_lists_syncs_moves_and_removes(cluster: Cluster, s3: Any, bucket: str) -> None:
    for name in ("a.txt", "b.txt", "c.csv", "d/e.txt"):
        s3.put_object(Bucket=bucket, Key=f"in/{name}", Body=name.encode())
    ended = cluster.run(
        "bash",
        "-ec",
        f"""
        aws s3 cp s3://{bucket}/in/a.txt . && cat a.txt
        aws s3 sync s3://{bucket}/in all --exclude '*' --include '*.txt' --quiet
        find all -type f | sort
        aws s3 cp all s3://{bucket}/out --recursive --only-show-errors
        aws s3 mv s3://{bucket}/out/b.txt s3://{bucket}/moved/
        aws s3 rm s3://{bucket}/in/ --recursive --exclude 'c.*'
        echo piped | aws s3 cp - s3://{bucket}/piped
        aws s3 cp s3://{bucket}/piped -
        aws s3 ls s3://{bucket}/out/
        """,
    )
    assert ended.state == "COMPLETED", ended.stderr
    assert keys(s3, bucket) == ["in/c.csv", "moved/b.txt", "out/a.txt", "out/d/e.txt", "piped"]
    assert "a.txtall/a.txt\nall/b.txt\nall/d/e.txt\n" in ended.stdout
    assert f"move: s3://{bucket}/out/b.txt to s3://{bucket}/moved/b.txt\n" in ended.stdout
    assert "\npiped\n" in ended.stdout
    assert " to -" not in ended.stdout  # what is streamed is not told of
    assert "PRE d/" in ended.stdout


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (f"{WITHOUT_CLI} aws ec2 describe-instances", "aws ec2: the emulator's own aws has `aws s3` with cp,"),
        (f"{WITHOUT_CLI} aws s3 website x", "aws s3 website: the emulator's own aws"),
        ("aws s3 ls s3://no-such-bucket-here/", "NoSuchBucket"),
        ("aws s3 cp s3://step-logs/missing .", "Not Found"),
        ("sudo yum install x", "no sudo"),
        ("spark-submit x.py", "step of its own"),
        ("hadoop namenode", "not part of the emulator"),
        ("hadoop jar /usr/lib/hadoop-mapreduce/hadoop-mapreduce-examples.jar pi 2 2", "these examples"),
        ("yarn logs -applicationId x", "yarn application -list | -kill | -status"),
    ],
)
def test_what_is_not_there_says_so(cluster: Cluster, command: str, told: str) -> None:
    ended = cluster.run("bash", "-c", command)
    assert ended.state == "FAILED"
    assert told in ended.failure["Message"]


def test_what_the_own_aws_lacks_is_handed_to_an_aws_cli(cluster: Cluster) -> None:
    ended = cluster.run(
        "bash",
        "-ec",
        """
        mkdir found; printf '#!/bin/sh\necho found "$@"\n' > found/aws; chmod +x found/aws
        export PATH="$(dirname "$(command -v aws)"):$PWD/found:$PATH"
        aws emr list-clusters --active
        aws s3 cp a s3://b/ --storage-class STANDARD_IA
        aws sts get-caller-identity --endpoint-url http://else
        aws s3 ls s3://step-logs/ | wc -l
        """,
    )
    assert ended.state == "COMPLETED", ended.stderr
    handed, own = ended.stdout.splitlines()[:3], ended.stdout.splitlines()[3]
    assert handed[0].startswith("found --endpoint-url http://127.0.0.1:")
    assert handed[0].endswith(" emr list-clusters --active")
    assert handed[1].endswith(" s3 cp a s3://b/ --storage-class STANDARD_IA")
    assert handed[2] == "found sts get-caller-identity --endpoint-url http://else"
    assert own.strip() == "1"


def test_command_runner_drops_what_emrs_own_drops_and_says_so(cluster: Cluster) -> None:
    ended = cluster.run("bash", "-c", 'printf "<%s>" "$@"', "", "x", '{"a": {"b": 1}}', "}}", "y")
    assert ended.stdout == '<{"a": {"b": 1><y>', ended.stderr  # x is what bash calls itself
    assert "command-runner.jar drops 2 empty words" in ended.controller
    assert "command-runner.jar drops }} from the word" in ended.controller
    pushed = cluster.run("state-pusher-script")
    assert pushed.state == "COMPLETED"
    assert "state-pusher-script does nothing: it belongs to EMR's debugging tool" in pushed.controller


def test_paths_of_a_node_lead_to_the_cluster(cluster: Cluster, s3: Any, bucket: str) -> None:
    script = """#!/bin/bash
    set -e
    cd /home/hadoop; pwd > "/home/hadoop/kept"; [ "$(pwd)" = "$HOME" ]; [ "$1" = "$HOME/kept" ]
    python3 -c 'import json; print(json.load(open("/mnt/var/lib/info/job-flow.json"))["jobFlowId"])'
    grep isMaster /mnt/var/lib/info/instance.json
    /usr/bin/aws s3 cp /home/hadoop/kept s3://BUCKET/home/hadoop/kept --quiet
    """.replace("BUCKET", bucket)
    s3.put_object(Bucket=bucket, Key="x.sh", Body=script.encode())
    ended = cluster.run(f"s3://{bucket}/x.sh", "/home/hadoop/kept", jar=SCRIPT_RUNNER)
    assert ended.state == "COMPLETED", ended.stderr
    assert ended.stdout.split() == [cluster.id, '"isMaster":', "true,"]
    assert keys(s3, bucket) == ["home/hadoop/kept", "x.sh"]
    dist_cp = ("/usr/bin/s3-dist-cp", f"--src=s3://{bucket}/home", f"--dest=s3://{bucket}/copied")
    assert cluster.run(*dist_cp, jar=SCRIPT_RUNNER).state == "COMPLETED"
    assert keys(s3, bucket, "copied") == ["copied/hadoop/kept"]
    told = cluster.run("cat", "/mnt/var/lib/info/job-flow.json").stdout
    described = cluster.emr.list_instances(ClusterId=cluster.id)["Instances"][0]
    (group,) = json.loads(told)["instanceGroups"]
    assert (group["instanceRole"], group["marketType"], group["instanceType"]) == ("Master", "OnDemand", "m5.xlarge")
    assert json.loads(told)["masterPrivateDnsName"] == described["PrivateDnsName"]
    assert json.loads(told)["masterInstanceId"] == described["Ec2InstanceId"]


def test_hadoop_fs_knows_hdfs_and_s3(cluster: Cluster, s3: Any, bucket: str, emulator: LocalEmulator) -> None:
    s3.put_object(Bucket=bucket, Key="in/x", Body=b"x\n")
    ended = cluster.run(
        "bash",
        "-ec",
        f"""
        hadoop fs -cp s3://{bucket}/in/x hdfs:///y
        hadoop fs -cat /y
        hadoop distcp hdfs:///y s3://{bucket}/back
        """,
    )
    below_a_file = cluster.run("hadoop", "fs", "-mkdir", "-p", f"s3://{bucket}/in/x/y")
    assert f"s3://{bucket}/in/x" in below_a_file.failure["Message"]
    assert str(emulator.data_dir) not in below_a_file.failure["Message"]
    assert ended.state == "COMPLETED", ended.stderr
    assert ended.stdout == "x\n"
    assert keys(s3, bucket) == ["back", "in/x"]


def test_a_script_from_s3_is_run_with_its_arguments(cluster: Cluster, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="x.sh", Body=b"#!/bin/bash\necho got $1 and $2\n")
    s3.put_object(Bucket=bucket, Key="plain.sh", Body=b"echo plain $1; exit 3\n")
    assert cluster.run(f"s3://{bucket}/x.sh", "a b", "c", jar=SCRIPT_RUNNER).stdout == "got a b and c\n"
    failed = cluster.run(f"s3://{bucket}/plain.sh", "a", jar=SCRIPT_RUNNER)
    assert (failed.state, failed.stdout) == ("FAILED", "plain a\n")
    assert failed.failure["Message"] == "the process ended with exit code 3"


def test_a_script_that_is_not_in_s3_is_named(cluster: Cluster, bucket: str) -> None:
    missing = cluster.run(f"s3://{bucket}/none.sh", jar=SCRIPT_RUNNER)
    assert missing.failure["Message"].startswith(f"File s3://{bucket}/none.sh does not exist")
    assert missing.failure["Message"] in missing.stderr
    no_bucket = cluster.run("s3://no-such-bucket-here/x.sh", jar=SCRIPT_RUNNER)
    assert "there is no bucket no-such-bucket-here" in no_bucket.failure["Message"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["pig-script", "--run-pig-script"], "Pig is not part of the emulator"),
        (["flink", "run"], "Flink"),
        (["presto-cli", "--execute", "x"], "Presto"),
        (["trino-cli"], "Trino"),
        (["mapred", "streaming"], "MapReduce is not part of the emulator"),
        (["no-such-program"], 'Cannot run program "no-such-program"'),
        ([], "Args is empty"),
        (["hive-script", "-f", "x"], "--args is missing"),
        (["spark-example", "Nope"], "SparkPi"),
        (["/usr/lib/spark/bin/run-example", "Nope"], "SparkPi"),
    ],
)
def test_what_cannot_run_fails_with_a_reason(cluster: Cluster, words: list[str], told: str) -> None:
    ended = cluster.run(*words)
    assert ended.state == "FAILED"
    assert told in ended.failure["Message"]
    assert told in ended.stderr
    assert told in ended.controller


@pytest.mark.parametrize(
    ("words", "application"),
    [(["spark-submit", "s3://x/y.py"], "Spark"), (["spark-sql", "-e", "x"], "Spark"), (["hive", "-e", "x"], "Hive")],
)
def test_a_step_needs_its_application(bare_cluster: Cluster, words: list[str], application: str) -> None:
    message = bare_cluster.run(*words).failure["Message"]
    assert f"{application} is not installed on cluster {bare_cluster.id}" in message


def test_a_cancelled_command_gets_sigterm(cluster: Cluster) -> None:
    step = cluster.start("bash", "-c", "trap 'echo stopped; exit 1' TERM; echo up; while :; do sleep 0.1; done")
    cluster.wait(step, "RUNNING")
    cluster.cancel(step)
    ended = cluster.wait(step)
    assert ended.state == "CANCELLED"
    assert ended.failure == {}


def test_a_command_that_ignores_sigterm_is_killed_when_asked(cluster: Cluster) -> None:
    step = cluster.start("bash", "-c", "trap '' TERM; while :; do sleep 0.1; done")
    cluster.wait(step, "RUNNING")
    cluster.cancel(step, "TERMINATE_PROCESS")
    assert cluster.wait(step).state == "CANCELLED"


def test_what_a_bootstrap_action_installs_and_leaves_running_is_there_for_steps(
    emulator: Any, s3: Any, bucket: str
) -> None:
    installing = "mkdir -p $PIP_TARGET; echo 'WORD = \"found\"' > $PIP_TARGET/installed.py"
    s3.put_object(Bucket=bucket, Key="boot.sh", Body=f"#!/bin/bash\n{installing}\n(setsid sleep 4711 &)\n".encode())
    action = {"Name": "install", "ScriptBootstrapAction": {"Path": f"s3://{bucket}/boot.sh", "Args": ["x"]}}
    run_if = "s3://elasticmapreduce/bootstrap-actions/run-if"
    conditional = [
        {"Name": "run-if", "ScriptBootstrapAction": {"Path": run_if, "Args": list(args)}}
        for args in (
            ("instance.isMaster=true", "echo running on master node > /home/hadoop/on-master"),
            ("instance.isMaster=false", f"s3://{bucket}/none.sh"),
            ("instance.isMaster=true", f"s3://{bucket}/again.sh", "a b"),
        )
    ]
    s3.put_object(Bucket=bucket, Key="again.sh", Body=b"echo again $1 >> ~/on-master\n")
    made = Cluster(emulator, "boot", ("Hadoop",), BootstrapActions=[action, *conditional])
    assert made.run("cat", "/home/hadoop/on-master").stdout == "running on master node\nagain a b\n"
    ended = made.run("bash", "-c", "python3 -c 'import installed; print(installed.WORD)'; pgrep -f 'sleep 4711'")
    assert ended.stdout.split()[0] == "found"
    left_running = int(ended.stdout.split()[1])
    assert lives(left_running)
    assert any("/bootstrap-actions/1/stderr" in name for name in made.logs())
    made.terminate()
    assert not lives(left_running)
