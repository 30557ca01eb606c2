"""What the examples announce when they have written it, and what other DAGs may be scheduled by."""

from __future__ import annotations

from airflow.sdk import Asset

CARRIER_DELAYS = Asset("s3://analytics-results/carrier-delays")
UNIFIED_MOVEMENTS = Asset("s3://stream-results/unified")
