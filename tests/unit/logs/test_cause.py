"""What real programs leave behind when they fail, and the line of it that says why.

The samples were written by PySpark 3.5, bash and the emulator's own commands, which failed on purpose, and cut; what
YARN, EMR and AWS's authorization say is written after their documentation.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_emr_pipelines.logs.cause import LONGEST, ORDER, Cause, lost_machines, probable_cause
from airflow_emr_pipelines.logs.files import LogFile
from airflow_emr_pipelines.specs.ec2.reports import StepReport
from airflow_emr_pipelines.specs.ec2.states import StepState

SAMPLES = Path(__file__).parent / "samples"

CONTROLLER = """\
2026-11-21T06:27:59.101Z INFO startExec 'hadoop jar command-runner.jar spark-submit --deploy-mode client s3://apps/job.py'
2026-11-21T06:28:04.007Z INFO waitProcessCompletion ended with exit code {code} : hadoop jar command-runner.jar
2026-11-21T06:28:04.010Z WARN Step failed with exitCode {code} and took 5 seconds
"""
YARN_CLIENT = """\
26/11/21 06:27:33 INFO Client: Application report for application_1795242520582_0001 (state: FINISHED)
26/11/21 06:27:33 INFO Client:
\t client token: N/A
\t diagnostics: {diagnostics}
\t ApplicationMaster host: ip-10-0-0-7
\t final status: FAILED
Exception in thread "main" org.apache.spark.SparkException: Application application_1_0001 finished with failed status
\tat org.apache.spark.deploy.yarn.Client.run(Client.scala:1327)
26/11/21 06:27:34 INFO ShutdownHookManager: Shutdown hook called
"""
HIVE_TABLE = """\
Logging initialized using configuration in file:/etc/hive/conf/hive-log4j2.properties Async: false
FAILED: SemanticException [Error 10001]: Line 3:14 Table not found 'flights'
"""
HIVE_TEZ = """\
Status: Failed
Vertex failed, vertexName=Map 1, vertexId=vertex_1_0001_1_00, diagnostics=[Task failed, taskId=task_1_0001_1_00_000000]
FAILED: Execution Error, return code 2 from org.apache.hadoop.hive.ql.exec.tez.TezTask. Vertex failed, vertexName=Map 1
"""
DIST_CP = """\
26/11/21 06:27:33 INFO S3DistCp: Running with args: --src=s3://raw/empty/ --dest=hdfs:///in/
Exception in thread "main" java.lang.RuntimeException: Error running job
\tat com.amazon.elasticmapreduce.s3distcp.S3DistCp.run(S3DistCp.java:901)
Caused by: org.apache.hadoop.mapreduce.lib.input.InvalidInputException: Input path does not exist: hdfs:/tmp/files
\tat org.apache.hadoop.mapreduce.lib.input.FileInputFormat.singleThreadedListStatus(FileInputFormat.java:342)
"""

NO_COLUMN = (
    "pyspark.errors.exceptions.captured.AnalysisException: [UNRESOLVED_COLUMN.WITH_SUGGESTION] A column or function "
    "parameter with name `nope` cannot be resolved. Did you mean one of the following? [`id`].;"
)


def report(
    *, state: StepState = StepState.FAILED, reason: str | None = "Unknown Error", message: str | None = None
) -> StepReport:
    return StepReport("j-1", "s-1", "Validate", state, reason=reason, message=message)


def log(name: str, content: str) -> LogFile:
    return LogFile(name, f"s3://logs/j-1/steps/s-1/{name}.gz", tuple(content.splitlines()))


def cause(of: StepReport | None = None, /, **contents: str) -> str:
    logs = [log(name.replace("_", " "), content) for name, content in contents.items()]
    return probable_cause(of or report(), logs).words


def cause_in(name: str) -> Cause:
    """The cause in a sample, whose name ends with the file's, and where it may stand."""
    return probable_cause(report(), [log(name.rpartition(".")[2], sample(name))])


def sample(name: str) -> str:
    return (SAMPLES / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("python_assert.stdout", "AssertionError: assert s.range(3).count() == 4"),
        ("python_chained.stdout", "RuntimeError: no threshold in the rules"),
        (
            "python_column.stdout",
            NO_COLUMN,
        ),
        ("python_import.stdout", "ModuleNotFoundError: No module named 'nosuchmodule'"),
        (
            "python_java_error.stdout",
            "java.lang.RuntimeException: file:/home/hadoop/bad/x.parquet is not a Parquet file (length is too low: 11)",
        ),
        ("python_own_exception.stdout", "QualityGate: gate closed"),
        ("python_rdd.stdout", "ZeroDivisionError: division by zero"),
        ("python_syntax.stdout", "SyntaxError: invalid syntax (/home/hadoop/syn.py, line 1)"),
        ("python_two_lines.stdout", "ValueError: failure rate 0.31 is above"),
        ("python_udf.stdout", "ZeroDivisionError: integer division or modulo by zero"),
    ],
)
@pytest.mark.parametrize("place", ["driver_stdout", "stdout"])
def test_an_error_of_a_python_program_is_the_end_of_its_last_traceback(name: str, words: str, place: str) -> None:
    assert cause(**{place: sample(name)}) == words


def test_a_python_program_knows_better_than_what_spark_logged_meanwhile() -> None:
    stderr, stdout = sample("python_assert.stderr"), sample("python_assert.stdout")
    noise = "26/11/21 06:27:52 ERROR TransportClient: Failed to send RPC to /10.0.0.8:41222\n"
    assert cause(stderr=noise + stderr, stdout=stdout).startswith("AssertionError")


def test_a_line_of_a_megabyte_of_dotted_names_holds_nobody_up() -> None:
    """Each of its half million parts may begin a Java class's name."""
    assert cause(stderr="a." * 500_000 + "\njava.io.IOException: disk full\n") == "java.io.IOException: disk full"


def test_a_program_that_says_why_and_exits_is_quoted_with_its_exit_code() -> None:
    words = "2 of 9 rules failed: distance_positive, carrier_known"
    logs = {"stderr": sample("python_exit.stderr"), "stdout": sample("python_exit.stdout")}
    assert cause(**logs, controller=CONTROLLER.format(code=3)) == f"exit code 3; the last words were: {words}"
    assert cause(**logs) == words


def test_a_script_that_is_not_there_is_the_cause() -> None:
    assert cause(stdout=sample("python_no_file.stdout"), controller=CONTROLLER.format(code=2)) == (
        "exit code 2; the last words were: /usr/bin/python3: can't open file '/home/hadoop/nofile.py': "
        "[Errno 2] No such file or directory"
    )


def test_a_process_that_was_killed_is_told_with_the_signal() -> None:
    assert cause(stderr="", controller=CONTROLLER.format(code=137)) == "exit code 137 (SIGKILL)"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("jar_exception.stderr", 'java.lang.NumberFormatException: For input string: "x"'),
        ("jar_no_class.stderr", "Failed to load class Nope."),
        (
            "python_java_error.stderr",
            "java.lang.RuntimeException: file:/home/hadoop/bad/x.parquet is not a Parquet file (length is too low: 11)",
        ),
        (
            "sql_no_table.stderr",
            "[TABLE_OR_VIEW_NOT_FOUND] The table or view `nowhere` cannot be found. Verify the spelling and correctnes",
        ),
        ("sql_syntax.stderr", "[PARSE_SYNTAX_ERROR] Syntax error at or near 'selec'.(line 1, pos 0)"),
        ("shell_no_command.stderr", "bash: line 1: nosuchcommand: command not found"),
        ("shell_copy.stderr", "cp: cannot stat '/nowhere/a': No such file or directory"),
    ],
)
def test_the_telling_line_of_spark_and_bash_is_found(name: str, words: str) -> None:
    assert words in cause(stderr=sample(name))


@pytest.mark.parametrize(
    ("stderr", "words"),
    [
        (HIVE_TABLE, "SemanticException [Error 10001]: Line 3:14 Table not found 'flights'"),
        (HIVE_TEZ, "Execution Error, return code 2 from org.apache.hadoop.hive.ql.exec.tez.TezTask."),
        (DIST_CP, "InvalidInputException: Input path does not exist: hdfs:/tmp/files"),
        (
            YARN_CLIENT.format(diagnostics="User class threw exception: java.lang.IllegalStateException: no day"),
            "User class threw exception: java.lang.IllegalStateException: no day",
        ),
    ],
)
def test_the_telling_line_of_hive_s3_dist_cp_and_yarn_is_found(stderr: str, words: str) -> None:
    assert words in cause(stderr=stderr, controller=CONTROLLER.format(code=1))


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["Caused by: a.B: it broke", "Caused by: c.D: the disk is full"], "c.D: the disk is full"),
        (["ERROR Loader: retrying the first", "ERROR Loader: gave up the last"], "Loader: gave up the last"),
        (["error: try 1 failed", "ok so far", "error: try 2 failed", "good bye"], "error: try 2 failed"),
        (["ERROR Job: no such column", "26/11/21 06:27:33 INFO Job: ERROR is over"], "Job: no such column"),
        (["ERROR Job: no such column", "ERROR Client: aborting job"], "Job: no such column"),
    ],
)
def test_of_several_telling_lines_the_last_is_the_cause(lines: list[str], words: str) -> None:
    assert cause(stderr="\n".join(lines)) == words


def test_that_it_failed_is_not_why_it_failed() -> None:
    client = YARN_CLIENT.format(diagnostics="User application exited with status 3")
    words = "2 of 9 rules failed: distance_positive"
    driver = "26/11/21 06:27:33 ERROR ApplicationMaster: User application exited with status 3\n"
    told = cause(stderr=client, driver_stdout=words, driver_stderr=driver, controller=CONTROLLER.format(code=1))
    assert told == f"exit code 1; the last words were: {words}"


def test_the_driver_knows_better_than_the_client_that_waited_for_it() -> None:
    client = YARN_CLIENT.format(diagnostics="Max number of executor failures (4) reached")
    assert cause(stderr=client, driver_stderr=sample("jar_exception.stderr")).startswith("java.lang.NumberFormat")
    assert cause(stderr=client) == "Max number of executor failures (4) reached"


def test_the_first_attempt_of_a_driver_knows_better_than_the_second() -> None:
    first = log("driver stdout", sample("python_udf.stdout"))
    second = log("driver stdout", "Traceback (most recent call last):\nValueError: the output exists already")
    assert probable_cause(report(), [first, second]).words.startswith("ZeroDivisionError")


def test_an_error_whose_words_start_on_the_next_line_is_told_with_them() -> None:
    assert (
        cause(stdout='Traceback (most recent call last):\n  File "a.py", line 1\nrules.Broken: \n  two\n')
        == "rules.Broken: two"
    )


def test_a_call_into_java_without_a_cause_is_told_by_its_own_trace() -> None:
    stdout = (
        'Traceback (most recent call last):\n  File "a.py", line 1\npy4j.protocol.Py4JJavaError: An error occurred\n'
        ": java.io.IOException: No FileSystem for scheme: s4\n\tat org.apache.hadoop.fs.FileSystem.get(FileSystem.java)"
    )
    assert cause(stdout=stdout) == "java.io.IOException: No FileSystem for scheme: s4"
    assert cause(stdout=stdout.partition("\n: ")[0]).startswith("py4j.protocol.Py4JJavaError")


def test_without_logs_emrs_own_details_are_the_cause() -> None:
    assert cause(report(message="the file s3://apps/x.py does not exist")) == "the file s3://apps/x.py does not exist"
    assert (
        cause(report(reason="The step's jar is missing", message="see the log"))
        == "The step's jar is missing see the log"
    )
    assert cause(report(message="no such script"), stderr="Setting default log level") == "no such script"


def test_emrs_details_are_not_taken_when_they_only_say_that_it_failed() -> None:
    general = 'Exception in thread "main" org.apache.spark.SparkException: Application x finished with failed status'
    assert cause(report(message=general), stdout="the limit is passed") == "the limit is passed"
    assert cause(report(message=general)) == general


def test_when_nothing_says_why_that_is_said() -> None:
    assert cause() == "neither EMR's failure details nor the logs say why"


def test_a_cancelled_step_is_not_told_by_what_its_end_left_in_the_logs() -> None:
    stderr = "26/11/21 06:27:33 ERROR Utils: Uncaught exception in thread main\n"
    cancelled = "it was cancelled, or its cluster was terminated before it had run"
    assert cause(report(state=StepState.CANCELLED, reason=None), stderr=stderr) == cancelled
    assert cause(report(state=StepState.CANCELLED, reason=None, message="by user"), stderr=stderr) == "by user"


@pytest.mark.parametrize(
    ("name", "words", "way_out"),
    [
        ("python_path.stdout", "[PATH_NOT_FOUND] Path does not exist: s3://there/flights.", "no such object in S3"),
        ("python_bucket.stdout", "Class NoSuchBucket (there was no bucket of that name", "make the bucket"),
        ("python_table.stdout", "[TABLE_OR_VIEW_NOT_FOUND] The table or view `flights`.`daily`", "name its database"),
        ("python_sql.stdout", "[PARSE_SYNTAX_ERROR] Syntax error at or near 'selec'", "correct the statement"),
        ("python_disk.stdout", "OSError: [Errno 28] No space left on device", "EBS volumes"),
        ("python_import.stdout", "ModuleNotFoundError: No module named 'nosuchmodule'", "py_files or archives"),
        ("python_udf_memory.stdout", "MemoryError", "memory outside the JVM"),
        ("python_heap.stderr", "java.lang.OutOfMemoryError: Java heap space", "driver_memory"),
        ("jar_no_class.stderr", "Error: Failed to load class Nope.", "jars or packages"),
        ("spark_option.stderr", "Unrecognized option '--nosuch'.", "before the program"),
        ("spark_no_script.stderr", "File s3://there/none.py does not exist", "no such object in S3"),
        ("hive_no_table.stderr", "[TABLE_OR_VIEW_NOT_FOUND] The table or view `flights`", "name its database"),
        ("hive_syntax.stderr", "[PARSE_SYNTAX_ERROR] Syntax error at or near 'selec'", "correct the statement"),
        ("dist_cp_option.stderr", "the following arguments are required: --dest", "S3DistCpStep"),
        ("dist_cp_no_source.stderr", "Input path does not exist: nothing to copy at", "no such object in S3"),
        ("dist_cp_no_bucket.stderr", "The specified bucket does not exist", "make the bucket"),
        ("shell_disk.stderr", "dd: writing to '/dev/full': No space left on device", "EBS volumes"),
        ("shell_hadoop_fs.stderr", "`s3://there/none': No such file or directory", "no such object in S3"),
        ("shell_aws_s3.stderr", "(404) when calling the HeadObject operation", "no such object in S3"),
        ("shell_aws_s3_bucket.stderr", "The specified bucket does not exist", "make the bucket"),
        ("shell_python.stderr", "ModuleNotFoundError: No module named 'nosuchmodule'", "py_files or archives"),
        ("shell_kill_9.controller", "exit code 137 (SIGKILL)", "no memory left"),
        ("shell_kill_15.controller", "exit code 143 (SIGTERM)", "told to end"),
    ],
)
def test_a_known_cause_comes_with_its_place_and_a_way_out(name: str, words: str, way_out: str) -> None:
    found = cause_in(name)
    assert words in found.words
    assert found.file is not None
    assert found.file.name == name.rpartition(".")[2]
    assert way_out in str(found).removeprefix(found.words)


DENIED = "User: arn:aws:sts::123456789012:assumed-role/EMR_EC2_DefaultRole/i-0a1 is not authorized to perform: "


@pytest.mark.parametrize(
    ("line", "way_out"),
    [
        (
            (
                f"Caused by: com.amazonaws.services.s3.model.AmazonS3Exception: {DENIED}s3:PutObject on resource: "
                '"arn:aws:s3:::out/a" because no identity-based policy allows the s3:PutObject action (Status: 403)'
            ),
            "execution role) lacks s3:PutObject)",
        ),
        (
            "fatal error: An error occurred (AccessDenied) when calling the ListObjectsV2 operation: Access Denied",
            "execution role) may not call ListObjectsV2 there: ",
        ),
        (
            "fatal error: An error occurred (403) when calling the HeadObject operation: Forbidden",
            "execution role) may not call HeadObject there: ",
        ),
        (
            (
                "Caused by: java.nio.file.AccessDeniedException: s3://raw: getFileStatus: Access Denied (Service: S3; "
                "Status Code: 403, Request ID: A1)"
            ),
            "look at the policies of the role",
        ),
        (
            (
                "Caused by: org.apache.spark.SparkException: Job aborted due to stage failure: Task 3 failed 4 "
                "times: ExecutorLostFailure (executor 7 exited caused by one of the running tasks) Reason: Container "
                "killed by YARN for exceeding physical memory limits. 5.6 GB of 5.5 GB physical memory used."
            ),
            "the container needs more memory",
        ),
        (
            (
                "Diagnostics: [Container [pid=7,containerID=container_1_1_01_000002] is running beyond physical memory "
                "limits. Current usage: 5.6 GB of 5.5 GB physical memory used; killing container.]"
            ),
            "the container needs more memory",
        ),
        ("ERROR YarnClusterScheduler: Lost executor 3: Container from a bad node. Exit status: 137.", "it was killed"),
        ("FAILED: ParseException line 1:0 cannot recognize input near 'selec' '1'", "correct the statement"),
        (HIVE_TABLE.splitlines()[-1], "name its database"),
        ("Caused by: java.lang.ClassNotFoundException: com.example.NoSuch", "jars or packages"),
        ("Error: Unrecognized option: --nosuch", "before the program"),
    ],
)
def test_what_aws_and_yarn_say_is_known_too(line: str, way_out: str) -> None:
    found = probable_cause(report(), [log("stderr", f"26/11/21 06:27:33 INFO Client: retrying\n{line}\n")])
    assert way_out in str(found).removeprefix(found.words)


def test_a_cause_that_is_not_known_is_told_as_it_is() -> None:
    found = cause_in("python_own_exception.stdout")
    assert str(found) == found.words == "QualityGate: gate closed"


def test_what_nothing_survives_is_the_cause_and_not_what_it_led_to() -> None:
    stdout = (
        'Traceback (most recent call last):\n  File "a.py", line 3\n'
        "py4j.protocol.Py4JNetworkError: Answer from Java side is empty"
    )
    found = probable_cause(report(), [log("stdout", stdout), log("stderr", sample("python_heap.stderr"))])
    assert found.words == "java.lang.OutOfMemoryError: Java heap space"
    assert found.file is not None
    assert found.file.name == "stderr"
    assert "Py4JNetworkError" in cause(stdout=stdout)
    refused = 'Traceback (most recent call last):\n  File "{}", line 3\nConnectionRefusedError: [Errno 111] refused'
    stderr = sample("python_heap.stderr")
    assert cause(stdout=refused.format("py4j/clientserver.py"), stderr=stderr) == found.words
    assert cause(stdout=refused.format("a.py"), stderr=stderr).startswith("ConnectionRefusedError")


def test_a_program_that_went_on_after_a_lack_of_memory_is_told_by_its_own_error() -> None:
    assert cause(stderr=sample("python_heap.stderr"), stdout=sample("python_own_exception.stdout")) == (
        "QualityGate: gate closed"
    )


def test_the_place_is_the_drivers_log_where_the_driver_told_it_and_none_where_emr_did() -> None:
    client = log("stderr", YARN_CLIENT.format(diagnostics="User application exited with status 1"))
    driver = log("driver stdout", sample("python_path.stdout"))
    assert probable_cause(report(), [client, driver]).file is driver
    assert probable_cause(report(message="no such script"), []).file is None


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        ({"stderr": "ERROR Loader: cannot log in with password=hunter2 as me"}, "with password=*** as me"),
        ({"stdout": "Traceback (most recent call last):\nValueError: postgres://me:hunter2@db/x"}, "me:***@db/x"),
        ({"stdout": "login with --password hunter2 failed", "controller": CONTROLLER}, "with --password *** failed"),
        ({"stderr": "ERROR Loader: password=hunter2 \0 binary"}, "password=*** \ufffd binary"),
    ],
)
def test_a_cause_says_no_secret(contents: dict[str, str], words: str) -> None:
    told = str(probable_cause(report(), [log(name, content) for name, content in contents.items()]))
    assert words in told
    assert "hunter2" not in told
    assert "hunter2" not in cause(report(message="the token: hunter2 is old"))


@given(st.dictionaries(st.sampled_from(ORDER), st.text(max_size=300) | st.just("ERROR " + "x" * 5000)))
def test_whatever_the_logs_hold_there_is_a_cause_of_one_bounded_line(contents: dict[str, str]) -> None:
    told = probable_cause(report(), [log(name, content) for name, content in contents.items()]).words
    assert told.strip()
    assert len(told) <= LONGEST
    assert len(told.splitlines()) == 1


TRACEBACK = "Traceback (most recent call last):\n"


@pytest.mark.parametrize(
    ("stderr", "words"),
    [
        (
            f'{TRACEBACK}  File "job.py", line 3\n    rates["EWR"]\n    ~~~~~^^^^^^^\nKeyError\n',
            'KeyError: rates["EWR"]',
        ),
        (f"{TRACEBACK}\n    raise\n \nStopIteration\n", "StopIteration: raise"),
        (f"{TRACEBACK}KeyboardInterrupt\n", "KeyboardInterrupt"),
        (f"{TRACEBACK}    f()\nValueError: \n\nno such day\n", "ValueError: no such day"),
        (f"{TRACEBACK}    f()\nValueError: \n\n\nsomething else\n", "ValueError:"),
        (f"{TRACEBACK}    f()\nValueError: \n", "ValueError:"),
    ],
)
def test_a_traceback_that_ends_in_a_bare_name_is_told_with_what_stands_beside_it(stderr: str, words: str) -> None:
    assert cause(stderr=stderr).rstrip() == words


@pytest.mark.parametrize(
    ("words", "lost"),
    [
        ("Container released on a *lost* node", True),
        ("ExecutorLostFailure: Node ip-10-0-0-7 was decommissioned", True),
        ("Spot interruption", True),
        ("Spot instance interruption", True),
        ("KeyError: 'node'", False),
        ("Container killed by YARN for exceeding memory limits", False),
    ],
)
def test_a_loss_of_machines_is_told_from_a_fault_of_what_ran_on_them(words: str, lost: bool) -> None:
    assert lost_machines(words) is lost
