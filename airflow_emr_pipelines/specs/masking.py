"""Text that others wrote, such as a log, without the secrets that it says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from airflow_emr_pipelines.errors import SECRET_NAME

MASK = "***"

_VALUE = r"(?:(?<=\")(?:[^\"\\]|\\.?)*|(?<=')(?:[^'\\]|\\.?)*|(?<![\"'])\S+)"
"""All within the quotes, or up to the next blank."""
_ESCAPED = r"(?:(?!\\+[\"']).)*"
"""All up to the next escaped quote."""
_NO_SECRET = r"(?!smanager|[\w.-]{0,100}(?-i:Exception|Error|Provider|Manager|Cache)\b)"
"""AWS's service and names of classes, which a colon follows as well."""
_NAME = rf"{SECRET_NAME.pattern}{_NO_SECRET}[\w.-]{{0,100}}"
_MASKED = tuple(
    re.compile(rf"({before}){value}", re.IGNORECASE)
    for before, value in (
        (rf"{_NAME}\\+[\"']\s*[=:]\s*\\+[\"']", _ESCAPED),  # "{\"password\": \"…\"}", as of Secrets Manager
        (rf"{_NAME}[\"']?\s*(?:[=-]>|[=:])\s*[\"']?", _VALUE),  # password=…, "secret_key": "…", password -> …
        (rf"\([\w.-]{{0,100}}?{_NAME},", r"[^)\s]+"),  # (fs.secret.key,…), as Spark tells its configuration
        (rf"{_NAME}</name>\s*<value>|<[\w.:-]{{0,100}}?{_NAME}>", r"[^<]+"),  # Hadoop's and others' XML
        (rf"{_NAME}[\"']\s*,\s*[\"']?", _VALUE),  # ["--password", "…"]
        (rf"(?<![^\s\"'])--?[\w.-]{{0,100}}?{_NAME}\s+[\"']?", _VALUE),  # --password …
        (r"\baws_(?:secret_access_key|session_token)\s+", r"[\w/+=-]{16,}"),  # aws configure set … …
        (r"\bcurl\b.{0,400}?\s(?:-u|--user)[\s=]+[\"']?[^\s:\"']{0,100}:", r"[^\s\"']+"),
        (r"\bauthorization[\"']?\s*[=:]\s*[\"']?(?:\w+\s+)?", r"[^\s\"']+"),  # Authorization: Bearer …
        (r"\bbearer\s+", r"[\w.~+/=-]{16,}"),
        (r"//[^/\s:@]*:", r"[^/\s]*(?=@)"),  # https://user:…@host
        (r"\b(?:AKIA|ASIA)", r"[A-Z0-9]{16}\b"),
    )
)

_SECRET_KEY = re.compile(_NAME, re.IGNORECASE)
_SECRET_FLAG = re.compile(rf"--?[\w.-]{{0,100}}?{_NAME}\Z", re.IGNORECASE)


def without_secrets(text: str) -> str:
    """A text with the secrets in it masked, and the rest of it as it is.

    A secret is known by the name before it, or by its shape; one that stands alone is not seen.
    """
    for masked in _MASKED:
        text = masked.sub(rf"\1{MASK}", text)
    return text


def masked(value: Any) -> Any:
    """A request, or a part of one, with the secrets in it masked: texts, what follows a flag, what a name is put to."""
    if isinstance(value, str):
        told = without_secrets(value)
        return value if told == value else told  # which may be more than a text
    if isinstance(value, Mapping):
        named = "Key" if {"Key", "Value"} <= set(value) else None
        return {
            name: MASK
            if isinstance(part, str) and _SECRET_KEY.search(str(value[named] if named and name == "Value" else name))
            else masked(part)
            for name, part in value.items()
        }
    if isinstance(value, (list, tuple)):
        flags = [None, *value]
        return [
            MASK if isinstance(flag, str) and isinstance(part, str) and _SECRET_FLAG.search(flag) else masked(part)
            for flag, part in zip(flags, value, strict=False)
        ]
    return value
