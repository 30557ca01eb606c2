"""What the examples announce when they have written it, and what other DAGs may be scheduled by.

They have names and no addresses: of an `s3://` address Airflow would ask the Amazon provider how it is written, and
load boto3 each time the DAG's file is read.
"""

from __future__ import annotations

from airflow.sdk import Asset

CARRIER_DELAYS = Asset("carrier_delays")
UNIFIED_MOVEMENTS = Asset("unified_movements")
