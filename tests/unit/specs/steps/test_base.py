"""Rules that hold for steps of every kind (botocore: StepConfig and XmlString of service emr)."""

from __future__ import annotations

import pytest

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.serialization import KINDS
from airflow_emr_pipelines.specs.steps import ShellStep, Step
from tests.unit.specs.each_field import REQUIRED

KINDS_OF_STEPS = [kind for kind, spec in KINDS.items() if issubclass(spec, Step)]
EVERY_KIND = pytest.mark.parametrize("kind", KINDS_OF_STEPS)


@EVERY_KIND
def test_a_name_has_at_most_256_characters(kind: str) -> None:
    KINDS[kind](**{**REQUIRED[kind], "name": "x" * 256})
    with pytest.raises(InvalidSpec, match=r"\.name = .*EMR takes at most 256 characters, and it has 257"):
        KINDS[kind](**{**REQUIRED[kind], "name": "x" * 257})


@EVERY_KIND
def test_a_name_is_made_of_characters_that_xml_has(kind: str) -> None:
    with pytest.raises(InvalidSpec, match=r"\.name = .*EMR takes no control character such as '\\x0b'"):
        KINDS[kind](**{**REQUIRED[kind], "name": "a\x0bb"})


@pytest.mark.parametrize("kind", [kind for kind in KINDS_OF_STEPS if hasattr(KINDS[kind], "args")])
def test_a_word_has_at_most_10280_characters_that_xml_has(kind: str) -> None:
    with pytest.raises(InvalidSpec, match=r"\.args\[0\] = .*EMR takes at most 10,280 characters"):
        KINDS[kind](**{**REQUIRED[kind], "args": ["x" * 10_281]})
    with pytest.raises(InvalidSpec, match=r"\.args\[1\] = .*EMR takes no control character such as '\\x00'"):
        KINDS[kind](**{**REQUIRED[kind], "args": ["a", "\0"]})


@EVERY_KIND
def test_logs_of_a_steps_own_are_in_s3(kind: str) -> None:
    with pytest.raises(InvalidSpec, match=r"\.log_uri = 'hdfs:///logs': it is no S3 address"):
        KINDS[kind](**{**REQUIRED[kind], "log_uri": "hdfs:///logs"})


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws-cn:kms:cn-north-1:111122223333:alias/logs",
        "{{ var.value.key }}",
    ],
)
def test_a_key_for_logs_is_named_by_its_arn(arn: str) -> None:
    assert ShellStep("a", "true", encryption_key_arn=arn).encryption_key_arn == arn


@pytest.mark.parametrize("arn", ["logs-key", "alias/logs", "arn:aws:kms:eu-central-1:account:key/analytics", ""])
def test_what_is_no_arn_of_a_key_is_refused(arn: str) -> None:
    with pytest.raises(InvalidSpec, match=r"no ARN of a KMS key|must not be empty"):
        ShellStep("a", "true", encryption_key_arn=arn)
