"""Run Amazon EMR pipelines from Apache Airflow."""
