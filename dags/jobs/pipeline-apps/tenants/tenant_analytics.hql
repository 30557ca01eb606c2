-- Tenant Analytics: how the carriers of one tenant did on a day, in a database of the tenant's own.
-- Variables: tenant_id, source_database (<tenant>_processed), target_database (<tenant>_analytics), processing_date.
-- A tenant's id is letters of one case, digits and underscores, so a database may bear it; Hive itself ignores the case.

CREATE DATABASE IF NOT EXISTS ${source_database} LOCATION 's3://tenant-data/${tenant_id}/hive/processed';
CREATE DATABASE IF NOT EXISTS ${target_database} LOCATION 's3://tenant-data/${tenant_id}/hive/analytics';

-- The columns that every tenant has, whatever its rules are.
CREATE EXTERNAL TABLE IF NOT EXISTS ${source_database}.flights (
  carrier STRING, dest STRING, distance INT, tailnum STRING, arr_delay INT, cancelled BOOLEAN)
PARTITIONED BY (flight_date STRING)
STORED AS PARQUET
LOCATION 's3://tenant-data/${tenant_id}/processed';
ALTER TABLE ${source_database}.flights ADD IF NOT EXISTS PARTITION (flight_date = '${processing_date}');

-- Fails when the tenant's ETL left nothing for the day.
SELECT assert_true(processed_flights_of_the_day > 0)
FROM (SELECT count(*) AS processed_flights_of_the_day
      FROM ${source_database}.flights WHERE flight_date = '${processing_date}') counted;

CREATE EXTERNAL TABLE IF NOT EXISTS ${target_database}.carriers (
  carrier STRING, flights BIGINT, cancelled BIGINT, late BIGINT, mean_arr_delay DOUBLE, miles BIGINT)
PARTITIONED BY (flight_date STRING)
STORED AS PARQUET
LOCATION 's3://tenant-data/${tenant_id}/analytics/carriers';

INSERT OVERWRITE TABLE ${target_database}.carriers PARTITION (flight_date = '${processing_date}')
SELECT
  carrier,
  count(*),
  sum(CASE WHEN cancelled THEN 1 ELSE 0 END),
  sum(CASE WHEN arr_delay >= 15 THEN 1 ELSE 0 END),
  avg(arr_delay),
  sum(CASE WHEN cancelled THEN 0 ELSE distance END)
FROM ${source_database}.flights
WHERE flight_date = '${processing_date}'
GROUP BY carrier;
