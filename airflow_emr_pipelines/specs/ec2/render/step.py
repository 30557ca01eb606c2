"""How steps look to Amazon EMR on EC2, as a StepConfig.

Every step says ActionOnFailure=CONTINUE, whatever its own word: EMR refuses the others above step concurrency 1, and at
1 they would act behind Airflow's back. The word is carried out by the task.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from airflow_emr_pipelines.errors import HIDDEN, InvalidSpec
from airflow_emr_pipelines.specs.steps import CustomJarStep, ScriptRunnerStep, Step
from airflow_emr_pipelines.specs.steps.commands import COMMAND_RUNNER, SCRIPT_RUNNER, command_words
from airflow_emr_pipelines.specs.steps.custom_jar import HIVE_PROGRAMS, SPARK_PROGRAMS
from airflow_emr_pipelines.specs.values import rules
from airflow_emr_pipelines.specs.values.arns import role_arn
from airflow_emr_pipelines.specs.values.templates import all_rendered, is_rendered, is_text

HadoopJarStep = dict[str, Any]

DROPPED = "words-dropped"
ARGUMENTS_LIMIT = 10_240
"""Characters of all strings of one HadoopJarStep together (botocore: AddJobFlowSteps)."""


def check(*values: Any, region: str | None = None) -> None:
    """Refuse now what EC2 would refuse later, as far as it is known: steps, or lists of them; all else is let be.

    A cluster has been judged when it was made.
    """
    for value in values:
        if isinstance(value, (list, tuple)):
            check(*value, region=region)
        elif isinstance(value, Step) and all_rendered(value):
            render_step(value, region=region if is_text(region) else None)


def check_runtime_role(step: Any, execution_role_arn: Any) -> None:
    """Refuse a runtime role that is none, or of a step that cannot have one, as far as it is known."""
    if execution_role_arn is None:
        return
    role_arn("execution_role_arn", execution_role_arn)
    if isinstance(step, Step) and all_rendered(step):
        by_program = isinstance(step, CustomJarStep) and step.program in (*SPARK_PROGRAMS, *HIVE_PROGRAMS)
        if not (step.allows_runtime_role or by_program):
            raise InvalidSpec(
                f"{type(step).__name__}({step.name!r}), execution_role_arn",
                execution_role_arn,
                "EMR has runtime roles for Spark and Hive steps only",
                "leave it out: the step then acts as the instance profile of the cluster",
            )


def render_step(step: Step, *, name: str | None = None, region: str | None = None) -> dict[str, Any]:
    """The StepConfig of a step whose values are all known.

    :param name: the step's name with its key, when it is to be submitted
    :param region: the cluster's region, when it is known
    :raises InvalidSpec: its texts are longer together than EMR takes, or it is meant for another region
    """
    if isinstance(step, ScriptRunnerStep) and region is not None and step.region != region:
        raise InvalidSpec(
            f"{type(step).__name__}({step.name!r}).region",
            step.region,
            f"EMR's script-runner.jar is read from the cluster's own region, which is {region}",
            f'write region="{region}", and keep the script there as well',
        )
    jar_step = hadoop_jar_step(step)
    length = sum(len(text) for text in _texts(jar_step))
    if length > ARGUMENTS_LIMIT:
        raise InvalidSpec(
            f"{type(step).__name__}({step.name!r})",
            f"{length:,} characters",
            f"EMR takes at most {ARGUMENTS_LIMIT:,} in all the arguments of a step together",
            "put long arguments into a file in S3 and give its address",
        )
    monitoring = {"LogUri": step.log_uri, "EncryptionKeyArn": step.encryption_key_arn}
    given = {member: value for member, value in monitoring.items() if value is not None}
    return {
        "Name": name or step.name,
        "ActionOnFailure": "CONTINUE",
        "HadoopJarStep": jar_step,
        **({"StepMonitoringConfiguration": {"S3MonitoringConfiguration": given}} if given else {}),
    }


def hadoop_jar_step(step: Step) -> HadoopJarStep:
    """The HadoopJarStep of a step.

    :raises InvalidSpec: EMR on EC2 has no way to run a step of that kind
    """
    if isinstance(step, CustomJarStep):
        jar_step = _custom_jar(step)
        if step.jar == COMMAND_RUNNER:
            warn_of_dropped(f"{type(step).__name__}({step.name!r})", jar_step["Args"])
        return jar_step
    if isinstance(step, ScriptRunnerStep):
        words = [str(word) for word in (step.script, *step.args)]
        return {"Jar": SCRIPT_RUNNER.format(region=step.region), "Args": words}
    if not step.command_line:
        raise InvalidSpec(
            "step",
            step,
            f"EMR on EC2 cannot run a {type(step).__name__}",
            "choose a step kind that it runs, such as SparkStep",
        )
    words = command_words(step)
    warn_of_dropped(f"{type(step).__name__}({step.name!r})", words)
    return {"Jar": COMMAND_RUNNER, "Args": words}


def warn_of_dropped(step: str, words: Sequence[str]) -> None:
    """Say what EMR's command-runner.jar does not hand on (seen by others: https://github.com/Yelp/mrjob/pull/2082)."""
    if all(word and "}}" not in word for word in words):
        return
    # What a DAG file hardly ever needs.
    from airflow_emr_pipelines.specs.values.half_templates import half_open
    from airflow_emr_pipelines.specs.values.masking import masked

    for place, (word, shown) in enumerate(zip(words, masked(words), strict=True)):
        field = f"{step}, HadoopJarStep.Args[{place}]"
        if not word:
            rule = "it does not arrive, as EMR's command-runner.jar leaves empty words out"
            rules.warn(field, word, rule, "give the program a word that means none to it", code=DROPPED)
        if "}}" in word and is_rendered(word):
            rule = "}} does not arrive, as EMR's command-runner.jar takes it out of words"
            half = half_open(word)
            remedy = "write it with a blank between the two, or keep such a text in a file in S3"
            remedy = f"for a template write {{{{ {half} }}}}; else {remedy}" if half else remedy
            rules.warn(field, word if shown == word else HIDDEN, rule, remedy, code=DROPPED)


def _custom_jar(step: CustomJarStep) -> HadoopJarStep:
    jar_step: HadoopJarStep = {"Jar": step.jar, "Args": [str(word) for word in step.args]}
    if step.main_class is not None:
        jar_step["MainClass"] = step.main_class
    if step.properties:
        jar_step["Properties"] = [{"Key": key, "Value": str(value)} for key, value in step.properties.items()]
    return jar_step


def _texts(jar_step: HadoopJarStep) -> Iterator[str]:
    yield jar_step["Jar"]
    yield jar_step.get("MainClass", "")
    yield from jar_step["Args"]
    for item in jar_step.get("Properties", ()):
        yield from (item["Key"], item["Value"])
