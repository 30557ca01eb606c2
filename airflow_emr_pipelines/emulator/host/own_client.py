"""A client of the emulator's own for the emulator, whatever the environment of the user who started it says."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

_NO_USER = (("profile", None), ("config_file", os.devnull), ("credentials_file", os.devnull))


@lru_cache
def own_client(service: str, endpoint: str, region: str) -> Any:
    """The same for the same; it reads no profile and goes through no proxy."""
    import botocore.session
    from botocore.config import Config

    session = botocore.session.Session(session_vars={name: (None, None, value, None) for name, value in _NO_USER})
    return session.create_client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="emulator",
        aws_secret_access_key="emulator",
        config=Config(retries={"mode": "standard"}, proxies={}),
    )
