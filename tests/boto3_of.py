"""What the boto3 beside us knows of EMR: that of an older Airflow's time knows less than we can ask for."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.session import get_session


def knows(shape: str, member: str) -> pytest.MarkDecorator:
    """Only where a member of a request is known."""
    model: Any = get_session().get_service_model("emr").shape_for(shape)
    return pytest.mark.skipif(member not in model.members, reason=f"this boto3 does not know {shape}.{member}")
