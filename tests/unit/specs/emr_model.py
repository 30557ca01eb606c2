"""What botocore's model of EMR says of a request, also of enums, lengths and characters, which botocore lets pass."""

from __future__ import annotations

from botocore.session import get_session

from airflow_emr_pipelines.plan.shapes import LEGAL, faults

EMR = get_session().get_service_model("emr")

__all__ = ["EMR", "LEGAL", "faults"]
