"""Steps as EMR's API, Airflow's stock operators and the AWS CLI write them, read into ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.reading import commands
from airflow_emr_pipelines.specs.steps.commands import COMMAND_RUNNER
from airflow_emr_pipelines.specs.values.rules import article, by_key, nearest
from airflow_emr_pipelines.specs.values.templates import is_given, is_rendered, is_text

STEP_CONFIG = ("Name", "ActionOnFailure", "HadoopJarStep", "StepMonitoringConfiguration")
HADOOP_JAR_STEP = ("Jar", "Args", "MainClass", "Properties")
OF_THE_CLI = ("Type", "Name", "ActionOnFailure", *HADOOP_JAR_STEP, "StepMonitoringConfiguration")
CLI_TYPES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "custom_jar": ("Custom JAR", ()),
    "spark": ("Spark application", ("spark-submit",)),
    "streaming": ("Streaming program", ("hadoop-streaming",)),
    "hive": ("Hive program", ("hive-script", "--run-hive-script", "--args")),
    "pig": ("Pig program", ("pig-script", "--run-pig-script", "--args")),
}
"""How the AWS CLI names a step of each type that has no name, and what it puts before its Args."""
Kinds = Mapping[str, Callable[..., Any]]
OLD_WORDS = {"TERMINATE_JOB_FLOW": "TERMINATE_CLUSTER"}


def read_step(request: Any, name: str | None, kinds: Kinds) -> Any:
    """The step that a StepConfig, a HadoopJarStep or a step of the AWS CLI describes.

    :param kinds: the kinds of steps, by their words
    :raises InvalidSpec: it has something that is not understood, or that a rule refuses; the step is named
    """
    if not isinstance(request, Mapping):
        raise InvalidSpec(
            "step", request, f"it is a mapping, not {article(request)}", 'write {"Name": …, "HadoopJarStep": …}'
        )
    path = f"step {name or request.get('Name') or '(no name)'!r}"
    try:
        kind, fields = _read(request, name, kinds)
        return kinds[kind](**fields)
    except InvalidSpec as error:
        raise InvalidSpec(f"{path}: {error.field}", error.value, error.rule, error.remedy) from error


def _read(request: Mapping[str, Any], name: str | None, kinds: Kinds) -> commands.Reading:
    request = _given(request)
    config = request if "HadoopJarStep" in request else _from_cli(request)
    _only(STEP_CONFIG, config, "StepConfig")
    common = {
        "name": name or config.get("Name"),
        **_on_failure(config.get("ActionOnFailure")),
        **_logs(config.get("StepMonitoringConfiguration")),
    }
    if common["name"] is None:
        raise InvalidSpec("Name", None, "a step has a name", "write Name, or hand a name over: from_request(…, name=…)")
    jar_step = config["HadoopJarStep"]
    if not isinstance(jar_step, Mapping):
        raise InvalidSpec("HadoopJarStep", jar_step, "it is a mapping", 'write {"Jar": …, "Args": […]}')
    _only(HADOOP_JAR_STEP, jar_step, "HadoopJarStep")
    jar_step = _given(jar_step)
    if jar_step.get("Jar") is None:
        raise InvalidSpec("Jar", None, "a step has a jar", f'write "Jar": "{COMMAND_RUNNER}" for a command')
    kind, fields = _kind(jar_step, kinds)
    return kind, {**common, **fields}


def _from_cli(step: Mapping[str, Any]) -> Mapping[str, Any]:
    """The StepConfig that the AWS CLI makes of a step; a HadoopJarStep alone has neither name nor action."""
    _only(OF_THE_CLI, step, "step")
    asked = step.get("Type")
    kind = str(asked or "CUSTOM_JAR").lower()
    if kind not in CLI_TYPES:
        raise InvalidSpec("Type", asked, "it is no type of a step", nearest(kind, [word.upper() for word in CLI_TYPES]))
    name, command = CLI_TYPES[kind]
    jar_step = {member: step[member] for member in HADOOP_JAR_STEP if member in step}
    if command:
        unfit = next((member for member in ("Jar", "MainClass", "Properties") if member in step), None)
        if unfit is not None:
            raise InvalidSpec(unfit, step[unfit], f"a step of type {asked} has none", f"take it out, or leave {asked}")
        if not is_rendered(step.get("Args")) or not isinstance(step.get("Args"), (list, tuple)):
            raise InvalidSpec("Args", step.get("Args"), "it is a list with one text an element", "write Args=[…]")
        jar_step = {"Jar": COMMAND_RUNNER, "Args": [*command, *step["Args"]]}
    config = {**{member: step[member] for member in STEP_CONFIG if member in step}, "HadoopJarStep": jar_step}
    if {"Type", "Name", "ActionOnFailure"} & step.keys():
        config = {"Name": name, "ActionOnFailure": "CONTINUE", **config}
    return config


def _kind(jar_step: Mapping[str, Any], kinds: Kinds) -> commands.Reading:
    jar, words, main_class = jar_step["Jar"], jar_step.get("Args"), jar_step.get("MainClass")
    properties = _properties(jar_step.get("Properties"))
    if words is None:
        words = ()
    if main_class is None and not properties and isinstance(words, (list, tuple)):
        is_command = jar == COMMAND_RUNNER
        reading = commands.read_command(words, kinds) if is_command else commands.read_script_runner(jar, words)
        if reading is not None:
            return reading
    return "custom_jar", {"jar": jar, "args": words, "main_class": main_class, "properties": properties}


def _properties(properties: Any) -> Any:
    """As a mapping: requests have a list of keys and values, answers a mapping, the AWS CLI a text."""
    if properties is None:
        return {}
    if is_text(properties):
        properties = [dict(zip(("Key", "Value"), item.split("=", 1), strict=False)) for item in properties.split(",")]
    if isinstance(properties, Mapping) or not is_rendered(properties):
        return properties
    if not isinstance(properties, Sequence) or not all(isinstance(item, Mapping) for item in properties):
        raise InvalidSpec(
            "Properties", properties, "it is a list of keys and values", 'write [{"Key": "name", "Value": "value"}]'
        )
    for item in properties:
        _only(("Key", "Value"), item, "Properties")
    return by_key("Properties", ((item.get("Key"), item.get("Value", "")) for item in properties))


def _on_failure(word: Any) -> dict[str, Any]:
    return {} if word is None else {"on_failure": OLD_WORDS.get(word, word) if is_text(word) else word}


def _logs(monitoring: Any) -> dict[str, Any]:
    for member in ("StepMonitoringConfiguration", "S3MonitoringConfiguration"):
        if monitoring is None:
            return {}
        if not isinstance(monitoring, Mapping):
            raise InvalidSpec(member, monitoring, "it is a mapping", 'write {"S3MonitoringConfiguration": {…}}')
        if member == "StepMonitoringConfiguration":
            _only(("S3MonitoringConfiguration",), monitoring, member)
            monitoring = monitoring.get("S3MonitoringConfiguration")
    _only(("LogUri", "EncryptionKeyArn"), monitoring, "S3MonitoringConfiguration")
    monitoring = _given(monitoring)
    return {"log_uri": monitoring.get("LogUri"), "encryption_key_arn": monitoring.get("EncryptionKeyArn")}


def _given(members: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a structure that say something."""
    return {member: value for member, value in members.items() if is_given(value)}


def _only(members: Sequence[str], given: Mapping[str, Any], where: str) -> None:
    for member in given:
        if member not in members:
            raise InvalidSpec(
                f"{where}.{member}", given[member], f"a {where} of EMR has no such member", nearest(member, members)
            )
