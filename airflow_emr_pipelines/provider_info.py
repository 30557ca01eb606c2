def get_provider_info() -> dict[str, object]:
    return {"package-name": "airflow-emr-pipelines", "name": "Amazon EMR pipelines", "description": "x", "versions": ["0.1.0"]}
