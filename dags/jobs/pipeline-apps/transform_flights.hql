-- Business Logic Transformation: the clean flights of one day, enriched and classified, in the business table.
-- Variables: processing_date, source_database, target_database, partition_value, and enrichment_tables: which of
-- airlines,airports,planes,weather to look up (a table that is not named leaves its columns empty).

CREATE DATABASE IF NOT EXISTS ${source_database} LOCATION 's3://cleansed-data/hive';
CREATE DATABASE IF NOT EXISTS ${target_database} LOCATION 's3://business-data/hive';

-- The day that is processed; the data stay where the cleansing step wrote them.
DROP TABLE IF EXISTS ${source_database}.daily_flights;
CREATE EXTERNAL TABLE ${source_database}.daily_flights (
  sched_dep_time INT, dep_time INT, dep_delay INT, arr_time INT, arr_delay INT, air_time INT,
  carrier STRING, flight INT, tailnum STRING, origin STRING, dest STRING, distance INT,
  time_hour TIMESTAMP, updated_at TIMESTAMP)
PARTITIONED BY (`date` STRING, region STRING)
STORED AS PARQUET
LOCATION 's3://cleansed-data/daily/${processing_date}';
MSCK REPAIR TABLE ${source_database}.daily_flights;

-- Fails when the cleansing step left nothing for the day.
SELECT assert_true(cleansed_flights_of_the_day > 0)
FROM (SELECT count(*) AS cleansed_flights_of_the_day
      FROM ${source_database}.daily_flights WHERE `date` = '${processing_date}') counted;

CREATE EXTERNAL TABLE IF NOT EXISTS ${source_database}.airlines (carrier STRING, name STRING)
STORED AS PARQUET LOCATION 's3://cleansed-data/reference/airlines';
CREATE EXTERNAL TABLE IF NOT EXISTS ${source_database}.airports (faa STRING, name STRING, tzone STRING)
STORED AS PARQUET LOCATION 's3://cleansed-data/reference/airports';
CREATE EXTERNAL TABLE IF NOT EXISTS ${source_database}.planes (
  tailnum STRING, manufacturer STRING, model STRING, seats INT)
STORED AS PARQUET LOCATION 's3://cleansed-data/reference/planes';
CREATE EXTERNAL TABLE IF NOT EXISTS ${source_database}.weather (
  origin STRING, time_hour TIMESTAMP, wind_speed DOUBLE, precip DOUBLE, visib DOUBLE)
STORED AS PARQUET LOCATION 's3://cleansed-data/reference/weather';

CREATE EXTERNAL TABLE IF NOT EXISTS ${target_database}.flights (
  carrier STRING, carrier_name STRING, flight INT, tailnum STRING, manufacturer STRING, model STRING, seats INT,
  origin STRING, dest STRING, dest_name STRING, dest_tzone STRING, route STRING, region STRING, distance INT,
  sched_dep_time INT, dep_delay INT, arr_delay INT, air_time INT,
  cancelled BOOLEAN, diverted BOOLEAN, late BOOLEAN,
  wind_speed DOUBLE, precip DOUBLE, visib DOUBLE, time_hour TIMESTAMP, updated_at TIMESTAMP)
PARTITIONED BY (flight_date STRING)
STORED AS PARQUET
LOCATION 's3://business-data/flights';

INSERT OVERWRITE TABLE ${target_database}.flights PARTITION (flight_date = '${partition_value}')
SELECT
  f.carrier, airlines.name, f.flight, f.tailnum, planes.manufacturer, planes.model, planes.seats,
  f.origin, f.dest, airports.name, airports.tzone, concat(f.origin, '-', f.dest), f.region, f.distance,
  f.sched_dep_time, f.dep_delay, f.arr_delay, f.air_time,
  f.dep_time IS NULL,
  f.dep_time IS NOT NULL AND f.arr_delay IS NULL,
  coalesce(f.arr_delay >= 15, false),
  weather.wind_speed, weather.precip, weather.visib, f.time_hour, f.updated_at
FROM ${source_database}.daily_flights f
LEFT JOIN ${source_database}.airlines airlines
  ON airlines.carrier = f.carrier AND find_in_set('airlines', '${enrichment_tables}') > 0
LEFT JOIN ${source_database}.airports airports
  ON airports.faa = f.dest AND find_in_set('airports', '${enrichment_tables}') > 0
LEFT JOIN ${source_database}.planes planes
  ON planes.tailnum = f.tailnum AND find_in_set('planes', '${enrichment_tables}') > 0
LEFT JOIN ${source_database}.weather weather
  ON weather.origin = f.origin AND weather.time_hour = f.time_hour
  AND find_in_set('weather', '${enrichment_tables}') > 0
WHERE f.`date` = '${processing_date}';
