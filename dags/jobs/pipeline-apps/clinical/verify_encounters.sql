-- The catalog's table after the run: each line fails the step, with its message, where it does not hold.
SELECT assert_true(count(*) > 0, 'The table has no row for ${processing_date}')
FROM ${source_table} WHERE batch_date = DATE '${processing_date}';

SELECT assert_true(count(*) = count(DISTINCT encounter_key), 'An encounter is in the table twice')
FROM ${source_table} WHERE batch_date = DATE '${processing_date}';

SELECT assert_true(
    coalesce(min(length(patient_key)), 32) = 32 AND coalesce(max(length(region)), 2) <= 2,
    'A column holds what does not belong there'
) FROM ${source_table} WHERE batch_date = DATE '${processing_date}';

SELECT assert_true(min(persons) >= ${smallest_cell}, 'Fewer persons than ${smallest_cell} share sex, age and region')
FROM (
    SELECT count(DISTINCT patient_key) AS persons
    FROM ${source_table} WHERE batch_date = DATE '${processing_date}' GROUP BY sex, age_band, region
);

SELECT assert_true(
    count(sex) > 0 AND count(age_band) > 0 AND count(region) > 0, 'Sex, age or region is left out of all rows'
) FROM ${source_table} WHERE batch_date = DATE '${processing_date}';
