"""Rules for names of things in AWS."""

from __future__ import annotations

import re
from typing import Any

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.specs.values.rules import text
from airflow_emr_pipelines.specs.values.templates import is_rendered

KEY_ID = r"(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})"
KMS_KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(?:key|alias)/\S+")
KMS_KEY = re.compile(rf"{KMS_KEY_ARN.pattern}|{KEY_ID}|alias/\S+")
ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/\S+")
LIKE_A_KEY = "write it like arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def kms_key_arn(field: str, value: Any) -> Any:
    """The ARN of a KMS key."""
    return _matching(field, value, KMS_KEY_ARN, "it is no ARN of a KMS key", LIKE_A_KEY)


def kms_key(field: str, value: Any) -> Any:
    """A KMS key: its ARN, its id, or an alias."""
    return _matching(field, value, KMS_KEY, "it is no KMS key", LIKE_A_KEY)


def role_arn(field: str, value: Any) -> Any:
    """The ARN of an IAM role."""
    remedy = "write it like arn:aws:iam::111122223333:role/name"
    return _matching(field, value, ROLE_ARN, "it is no ARN of an IAM role", remedy)


def _matching(field: str, value: Any, pattern: re.Pattern[str], rule: str, remedy: str) -> Any:
    text(field, value)
    if is_rendered(value) and not pattern.fullmatch(value):
        raise InvalidSpec(field, value, rule, remedy)
    return value
