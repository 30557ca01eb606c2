from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG, XComArg, task

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.ec2.cluster import EmrCluster, InstanceGroups
from airflow_emr_pipelines.specs.ec2.render.step import check
from airflow_emr_pipelines.specs.serialization import from_dict, to_dict
from airflow_emr_pipelines.specs.steps import S3DistCpStep, SparkStep
from airflow_emr_pipelines.specs.values.base import Spec
from airflow_emr_pipelines.specs.values.templates import (
    all_rendered,
    is_output,
    is_rendered,
    is_template,
    rendering_is_over,
)
from tests.airflow_of import literal
from tests.unit.specs.each_field import FIELDS, PASSWORDS, REQUIRED, Output, with_field


def test_jinja_and_outputs_of_tasks_are_not_known_yet() -> None:
    assert not is_rendered("s3://raw/{{ ds }}")
    assert not is_rendered("{% if x %}a{% endif %}")
    assert not is_rendered(Output())
    assert is_rendered("{ds}")
    assert is_rendered(None)


def test_what_airflow_resolves_is_an_output() -> None:
    with DAG("outputs", schedule=None):

        @task
        def plan() -> dict[str, str]:
            return {}

        output = plan()
        assert isinstance(output, XComArg)
        assert is_output(output)
        assert is_output(output["part"])  # type: ignore[index]
        assert is_output(literal("{{ not a template }}"))
        assert is_template(f"{output}")


def test_neither_a_path_nor_a_class_is_an_output() -> None:
    assert not is_output(Path("job.py"))
    assert not is_output(Output)
    with pytest.raises(InvalidSpec, match="it is a text, not a PosixPath"):
        SparkStep("a", Path("job.py"))  # type: ignore[arg-type]


def test_a_value_is_known_when_all_within_it_is() -> None:
    assert all_rendered(SparkStep("a", "s3://apps/a.py", ["b"], conf={"spark.c": "d"}))
    assert not all_rendered(SparkStep("a", "s3://apps/a.py", ["{{ ds }}"]))
    assert not all_rendered(SparkStep("a", "s3://apps/a.py", conf={"spark.c": Output()}))  # type: ignore[dict-item]
    assert not all_rendered(SparkStep("a", "s3://apps/a.py", conf=Output()))  # type: ignore[arg-type]
    assert not all_rendered(EmrCluster("a", "emr-7.10.0", InstanceGroups("{{ params.type }}")))


def test_within_the_run_nothing_is_waited_for() -> None:
    with rendering_is_over():
        assert is_rendered("{{ ds }}")
        assert is_rendered(Output())
    assert not is_rendered("{{ ds }}")


@pytest.mark.parametrize(("kind", "field"), FIELDS)
@pytest.mark.parametrize("value", ["{{ params.value }}", Output()], ids=["template", "output"])
def test_every_field_takes_what_is_not_known_yet_and_keeps_it_for_airflow(kind: str, field: str, value: Any) -> None:
    if (kind, field) in PASSWORDS and isinstance(value, str):
        return
    spec = with_field(kind, field, value)
    check(spec)
    plain = to_dict(spec)[field]
    if kind == "instance_groups" and isinstance(value, str) and field != "tasks":
        plain = plain["instance_type"]  # a text is the type of one instance
    assert plain is value


TEXTS_OF_ANY_KIND = {
    "spark": {"name", "queue", "main_class", "proxy_user", "principal", "keytab", "driver_java_options"}
    | {"driver_library_path", "driver_class_path"},
    "spark_sql": {"name"},
    "hive": {"name"},
    "pig": {"name"},
    "trino": {"name", "execute", "catalog", "schema"},
    "presto": {"name", "execute", "catalog", "schema"},
    "flink": {"name", "main_class"},
    "hadoop_streaming": {"name", "mapper", "reducer", "combiner", "partitioner", "input_format", "output_format"},
    "dist_cp": {"name"},
    "script_runner": {"name"},
    "s3_dist_cp": {"name", "src_pattern", "output_manifest", "s3_endpoint"},
    "custom_jar": {"name", "main_class"},
    "shell": {"name", "command"},
    "cluster": {"name", "service_role", "job_flow_role", "ec2_key_name", "security_configuration", "auto_scaling_role"}
    | {"availability_zone", "os_release_label"},
    "group": {"name"},
    "fleet": {"name", "context"},
    "capacity_reservation": {"resource_group_arn"},
    "group_change": {"group"},
    "fleet_change": {"fleet"},
    "scaling_rule": {"name", "metric_name", "namespace", "description"},
    "kerberos_attributes": {"realm", "ad_domain_join_user"},
    "secret": {"conn_id", "variable"},
    "cloud_watch_logs": {"log_group_name", "log_stream_name_prefix"},
    "bootstrap_action": {"name"},
    "configuration": {"classification"},
}
"""Fields that may hold {{ as such."""


@pytest.mark.parametrize(
    ("kind", "field"),
    [each for each in FIELDS if each[1] not in TEXTS_OF_ANY_KIND.get(each[0], ()) and each not in PASSWORDS],
)
def test_a_template_that_was_never_rendered_is_refused_when_the_task_runs(kind: str, field: str) -> None:
    plain = to_dict(with_field(kind, field, "{{ params.value }}"))
    with pytest.raises(InvalidSpec, match=r"params\.value"):
        from_dict(plain, Spec)


def test_what_a_template_renders_to_is_judged_then() -> None:
    plain = to_dict(SparkStep("a", "s3://apps/a.py", driver_memory="{{ params.memory }}"))
    assert from_dict({**plain, "driver_memory": "8g"}, SparkStep).driver_memory == "8g"
    with pytest.raises(InvalidSpec, match="write whole MiB: 6553m"):
        from_dict({**plain, "driver_memory": "6.4g"}, SparkStep)


def test_a_truth_value_from_a_template_is_one_again() -> None:
    plain = to_dict(with_field("s3_dist_cp", "delete_on_success", "{{ params.clean }}"))
    assert from_dict({**plain, "delete_on_success": "False"}, S3DistCpStep).delete_on_success is False


def test_a_list_that_a_template_made_a_text_of_says_what_to_do() -> None:
    plain = to_dict(SparkStep("a", "s3://apps/a.py", args="{{ params.args }}"))
    with pytest.raises(InvalidSpec, match="render_template_as_native_obj=True"):
        from_dict({**plain, "args": "['--a', 'b']"}, SparkStep)


def test_all_kinds_are_tried() -> None:
    assert {kind for kind, _ in FIELDS} == set(REQUIRED)
