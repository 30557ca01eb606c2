"""Specs as hypothesis draws them: every kind, every field, all that their rules allow."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from airflow_emr_pipelines.specs.cluster import BootstrapAction, EbsVolumes, EmrCluster, Group, InstanceGroups
from airflow_emr_pipelines.specs.configurations import Configuration
from airflow_emr_pipelines.specs.steps import (
    CustomJarStep,
    DistCpStep,
    FlinkStep,
    HadoopStreamingStep,
    HiveStep,
    OnFailure,
    PigStep,
    PrestoStep,
    S3DistCpStep,
    ScriptRunnerStep,
    ShellStep,
    SparkSqlStep,
    SparkStep,
    TrinoStep,
)

Drawn = st.SearchStrategy[Any]


def whole(least: int, most: int = 10_000) -> Drawn:
    """Whole numbers, as numbers and as the texts that templates give."""
    return st.integers(least, most) | st.integers(least, most).map(str)


letters = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=3, max_size=12)
legal = st.characters(exclude_categories=["Cs", "Cc", "Cn"]) | st.sampled_from("\t\n\r")
words = st.text(legal, max_size=30)
texts = words.filter(lambda text: bool(text.strip()))
names = st.text(legal, min_size=1, max_size=256).filter(lambda text: bool(text.strip()))
arguments = words | st.integers() | st.floats(allow_nan=False)
values = words | st.booleans() | st.integers() | st.floats(allow_nan=False)
truths = st.booleans() | st.sampled_from(["True", "False", "true", "false"])

s3_folders = st.builds("{}://{}/{}".format, st.sampled_from(["s3", "s3a", "s3n"]), letters, letters)
places = s3_folders | letters.map("hdfs:///{}".format) | letters.map("/mnt/{}".format)


def files(*endings: str) -> Drawn:
    return st.builds("{}{}".format, places, st.sampled_from(endings))


def lists(of: Drawn, most: int = 3) -> Drawn:
    """Lists as Python writes them, and as JSON gives them."""
    return st.lists(of, max_size=most) | st.lists(of, max_size=most).map(tuple)


def mappings(keys: Drawn = letters, of: Drawn = values) -> Drawn:
    return st.dictionaries(keys, of, max_size=4)


def drawn(kind: Any, required: dict[str, Drawn], optional: dict[str, Drawn]) -> Drawn:
    return st.fixed_dictionaries(required, optional=optional).map(lambda fields: kind(**fields))


failure_words = st.sampled_from([*OnFailure, *(word.value for word in OnFailure)])
step = {
    "on_failure": failure_words,
    "log_uri": s3_folders,
    "encryption_key_arn": st.just("arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab"),
}

spark_values = values.map(lambda value: value.strip() if isinstance(value, str) else value)
spark_settings = mappings(letters.map("spark.x.{}".format), spark_values.filter(lambda value: "," not in str(value)))
spark = {
    "args": lists(arguments),
    "deploy_mode": st.sampled_from(["cluster", "client", None]),
    "conf": spark_settings,
    "driver_memory": st.sampled_from(["1g", "6553m", "2T"]),
    "driver_cores": whole(1),
    "executor_memory": st.sampled_from(["1g", "6553m", "64000k"]),
    "executor_cores": whole(1),
    "num_executors": whole(1),
    "py_files": lists(files(".py", ".zip", ".egg")),
    "jars": lists(files(".jar")),
    "files": lists(files(".json", ".json#name")),
    "archives": lists(files(".tar.gz#environment")),
    "packages": lists(st.just("org.example:thing_2.12:1.0")),
    "exclude_packages": lists(st.just("org.example:other")),
    "repositories": lists(st.just("https://maven.example.com/releases")),
    "properties_file": letters.map("/etc/{}".format),
    "queue": letters,
    "driver_java_options": st.just("-Dx=1 -XX:+UseG1GC"),
    "driver_library_path": letters,
    "driver_class_path": letters,
    "proxy_user": letters,
    "verbose": truths,
    **step,
}
sql_client = {"catalog": letters, "schema": letters, "args": lists(words), **step}
streaming = {
    "files": lists(files(".json", ".json#name")),
    "archives": lists(files(".tar.gz#environment")),
    "jars": lists(files(".jar")),
    "conf": mappings(),
    "combiner": texts.map("sort -k '{}'".format).filter(lambda line: "'" not in line[9:-1] and "\\" not in line),
    "partitioner": letters,
    "input_format": letters,
    "output_format": letters,
    "num_reduce_tasks": whole(0),
    "environment": mappings(),
    "args": lists(letters.map("-{}".format)),
    **step,
}
steps = st.one_of(
    drawn(SparkStep, {"name": names, "application": files(".py", ".jar", ".R")}, spark),
    drawn(SparkStep, {"name": names, "application": files(".jar")}, {**spark, "main_class": letters}),
    drawn(
        HiveStep, {"name": names, "script": files(".hql")}, {"args": lists(arguments), "variables": mappings(), **step}
    ),
    drawn(
        SparkSqlStep,
        {"name": names, "script": files(".sql")},
        {"args": lists(arguments), "variables": mappings(), "conf": spark_settings, **step},
    ),
    drawn(
        PigStep, {"name": names, "script": files(".pig")}, {"args": lists(arguments), "parameters": mappings(), **step}
    ),
    drawn(
        HadoopStreamingStep,
        {
            "name": names,
            "mapper": st.sampled_from(["cat", "/bin/wc -l", "python3 /mnt/a.py"]),
            "reducer": st.sampled_from(["aggregate", "NONE", "uniq -c"]),
            "inputs": st.lists(places.map("{}/in*/".format), min_size=1, max_size=3),
            "output": places.map("{}/out".format),
        },
        streaming,
    ),
    drawn(
        DistCpStep,
        {"name": names, "src": places.map("{}/in".format), "dest": places},
        {"update": truths, "conf": mappings(), "args": lists(letters.map("-{}".format)), **step},
    ),
    drawn(
        DistCpStep,
        {"name": names, "src": places.map("{}/in".format), "dest": places, "overwrite": st.just(True)},
        {"delete": truths, **step},
    ),
    drawn(
        FlinkStep,
        {"name": names, "jar": files(".jar")},
        {
            "args": lists(arguments),
            "main_class": letters,
            "application_id": st.just("application_1700000000000_0001"),
            "parallelism": whole(1),
            "detached": truths,
            "conf": mappings(),
            **step,
        },
    ),
    drawn(
        TrinoStep,
        {"name": names, "execute": texts},
        {"client": st.sampled_from(["trino-cli", "presto-cli"]), **sql_client},
    ),
    drawn(PrestoStep, {"name": names, "file": letters.map("/mnt/{}.sql".format)}, sql_client),
    drawn(
        ScriptRunnerStep,
        {"name": names, "script": files(".sh"), "region": st.sampled_from(["eu-central-1", "us-gov-west-1"])},
        {"args": lists(arguments), **step},
    ),
    drawn(
        S3DistCpStep,
        {"name": names, "src": places, "dest": places},
        {
            "src_pattern": st.just(r".*\.csv$"),
            "append_to_last_file": truths,
            "output_codec": st.sampled_from(["gzip", "gz", "lzo", "snappy", "none"]),
            "s3_server_side_encryption": truths,
            "delete_on_success": truths,
            "number_files": truths,
            "disable_multipart_upload": truths,
            "output_manifest": letters,
            "previous_manifest": files(".gz"),
            "s3_endpoint": letters,
            "storage_class": st.sampled_from(["STANDARD", "REDUCED_REDUNDANCY"]),
            "src_prefixes_file": files(".txt"),
            **step,
        },
    ),
    drawn(
        S3DistCpStep,
        {"name": names, "src": places, "dest": places, "group_by": st.just(r".*/(\w+)/.*"), "target_size": whole(1)},
        {"multipart_upload_chunk_size": whole(5), **step},
    ),
    drawn(
        CustomJarStep,
        {"name": names, "jar": files(".jar") | st.just("command-runner.jar")},
        {"args": lists(arguments), "main_class": letters, "properties": mappings(), **step},
    ),
    drawn(ShellStep, {"name": names, "command": texts}, step),
)

configurations = st.recursive(
    drawn(Configuration, {"classification": letters, "properties": mappings()}, {}),
    lambda nested: drawn(Configuration, {"classification": letters, "configurations": lists(nested, 2)}, {}),
    max_leaves=4,
)
volumes = drawn(EbsVolumes, {"size_gb": whole(1, 1024)}, {"iops": whole(1), "per_instance": whole(1, 8)})
fast_volumes = drawn(EbsVolumes, {"size_gb": whole(1, 1024)}, {"throughput": whole(125, 1000)})
group_options = {
    "count": whole(1, 50),
    "name": names,
    "ebs": lists(volumes | fast_volumes),
    "configurations": lists(configurations, 2),
}
instance_types = st.sampled_from(["m5.xlarge", "r5.2xlarge", "p3.2xlarge", "u-6tb1.metal"])
groups = drawn(Group, {"instance_type": instance_types}, group_options) | drawn(
    Group,
    {"instance_type": instance_types, "spot": st.just(True)},
    {**group_options, "bid_price": st.sampled_from(["0.15", "1", 0.5])},
)
primaries = instance_types | drawn(Group, {"instance_type": instance_types}, {"count": st.sampled_from([1, 3, "3"])})
instances = drawn(InstanceGroups, {"primary": primaries}, {}) | drawn(
    InstanceGroups,
    {"primary": primaries, "core": groups | instance_types},
    {"tasks": lists(groups | instance_types)},
)
scripts = files(".sh").filter(lambda script: not script.startswith("hdfs:"))
bootstrap_actions = drawn(BootstrapAction, {"name": names, "script": scripts}, {"args": lists(arguments)})
tag_texts = st.text("abcXYZ 09_.:/=+-@é", max_size=40)
tag_keys = tag_texts.filter(lambda key: bool(key) and not key.lower().startswith("aws:"))
security_groups = {
    "emr_managed_master_security_group": st.just("sg-01234567"),
    "emr_managed_slave_security_group": st.just("sg-0123456789abcdef0"),
}
cluster_options = {
    "applications": lists(st.sampled_from(["Spark", "hadoop", "Hive", "Trino"])),
    "configurations": lists(configurations, 2),
    "bootstrap_actions": lists(bootstrap_actions),
    "log_uri": s3_folders,
    "service_role": letters,
    "job_flow_role": letters,
    "ec2_subnet_id": st.just("subnet-0123456789abcdef0"),
    "ec2_key_name": letters,
    "service_access_security_group": st.just("sg-01234567"),
    "security_configuration": letters,
    "scale_down_behavior": st.sampled_from(["TERMINATE_AT_TASK_COMPLETION", "TERMINATE_AT_INSTANCE_HOUR"]),
    "tags": mappings(tag_keys, tag_texts | st.booleans() | st.integers()),
    "termination_protected": truths,
    "idle_timeout": st.none() | whole(60, 604_800),
    "step_concurrency": whole(1, 256),
}
cluster = {
    "name": names.filter(lambda name: not set(name) & set("<>$|`")),
    "release_label": st.sampled_from(["emr-6.15.0", "emr-7.10.0"]),
    "instances": instances,
}
clusters = drawn(EmrCluster, cluster, cluster_options) | drawn(
    EmrCluster, {**cluster, **security_groups}, cluster_options
)

specs = st.one_of(steps, clusters, instances, groups, volumes, fast_volumes, bootstrap_actions, configurations)
