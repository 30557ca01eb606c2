# Airflow, this package, its emulator and the examples: one image for every service of docker-compose.yaml.
FROM python:3.12-slim

# Spark's start scripts call ps.
RUN apt-get update && apt-get install --yes --no-install-recommends procps && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 50000 airflow \
    && install --directory --owner airflow /opt/airflow /opt/airflow/logs /data

WORKDIR /opt/airflow
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY airflow_emr_pipelines airflow_emr_pipelines
RUN pip install --no-cache-dir --constraint constraints.txt '.[emulator,examples,postgres]'
COPY dags dags
COPY local local

USER airflow
ENV AIRFLOW_HOME=/opt/airflow PYTHONUNBUFFERED=1
