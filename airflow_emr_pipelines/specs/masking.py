"""Text that others wrote, such as a log, without the secrets that it says."""

from __future__ import annotations

import re

from airflow_emr_pipelines.errors import SECRET_NAME

MASK = "***"

_VALUE = r"(?:(?<=\")[^\"]*|(?<=')[^']*|(?<![\"'])\S+)"
"""All within the quotes, or up to the next blank."""
_NO_SECRET = r"(?!smanager|[\w.-]{0,100}(?-i:Exception|Error|Provider|Manager|Cache)\b)"
"""AWS's service and names of classes, which a colon follows as well."""
_NAME = rf"{SECRET_NAME.pattern}{_NO_SECRET}[\w.-]{{0,100}}"
_MASKED = tuple(
    re.compile(rf"({before}){value}", re.IGNORECASE)
    for before, value in (
        (rf"{_NAME}[\"']?\s*[=:]\s*[\"']?", _VALUE),  # password=…, "secret_key": "…"
        (rf"{_NAME}[\"']\s*,\s*[\"']?", _VALUE),  # ["--password", "…"]
        (rf"(?<![^\s\"'])--?[\w.-]{{0,100}}?{_NAME}\s+[\"']?", _VALUE),  # --password …
        (r"\bauthorization[\"']?\s*[=:]\s*[\"']?(?:\w+\s+)?", r"[^\s\"']+"),  # Authorization: Bearer …
        (r"//[^/\s:@]*:", r"[^/\s]*(?=@)"),  # https://user:…@host
        (r"\b(?:AKIA|ASIA)", r"[A-Z0-9]{16}\b"),
    )
)


def without_secrets(text: str) -> str:
    """A text with the secrets in it masked, and the rest of it as it is.

    A secret is known by the name before it, or by its shape; one that stands alone is not seen.
    """
    for masked in _MASKED:
        text = masked.sub(rf"\1{MASK}", text)
    return text
