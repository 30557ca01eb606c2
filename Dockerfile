# Airflow, this package, its emulator and the examples: one image for every service of docker-compose.yaml.
FROM python:3.12.13-slim-bookworm

# Spark's start scripts call ps.
RUN apt-get update && apt-get install --yes --no-install-recommends procps && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 50000 airflow \
    && install --directory --owner airflow /opt/airflow /opt/airflow/logs /data

WORKDIR /opt/airflow
COPY pyproject.toml constraints.txt ./
# What the package needs, Java and PySpark among it, by an empty package in its place: it stays when the package changes.
RUN mkdir airflow_emr_pipelines && touch airflow_emr_pipelines/__init__.py README.md LICENSE \
    && pip install --no-cache-dir --constraint constraints.txt '.[emulator,examples,postgres]' \
    && pip uninstall --yes airflow-emr-pipelines
COPY README.md LICENSE ./
COPY airflow_emr_pipelines airflow_emr_pipelines
RUN pip install --no-cache-dir --no-deps .
COPY dags dags
COPY local local
# What Airflow imports when it starts, from the folder of its home.
RUN mkdir config && echo "import local.quiet" > config/airflow_local_settings.py

USER airflow
ENV AIRFLOW_HOME=/opt/airflow PYTHONPATH=/opt/airflow PYTHONUNBUFFERED=1
