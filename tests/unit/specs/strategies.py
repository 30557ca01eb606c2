"""Specs as hypothesis draws them: every kind, every field, all that their rules allow."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from airflow_emr_pipelines.specs.ec2.cluster import (
    BootstrapAction,
    EbsVolumes,
    EmrCluster,
    Group,
    InstanceFleets,
    InstanceGroups,
    RootVolume,
)
from airflow_emr_pipelines.specs.ec2.configurations import Configuration
from airflow_emr_pipelines.specs.ec2.fleets import (
    ON_DEMAND_STRATEGIES,
    SPOT_STRATEGIES,
    CapacityReservation,
    Fleet,
    InstanceTypeConfig,
    OnDemandProvisioning,
    OnDemandResizing,
    SpotProvisioning,
    SpotResizing,
)
from airflow_emr_pipelines.specs.ec2.kerberos import KerberosAttributes, Secret
from airflow_emr_pipelines.specs.ec2.monitoring import CloudWatchLogs, MonitoringConfiguration
from airflow_emr_pipelines.specs.ec2.scaling import (
    ADJUSTMENTS,
    COMPARISONS,
    PERFORMANCE_INDEXES,
    STATISTICS,
    UNITS,
    AutoScaling,
    ManagedScaling,
    ScalingRule,
)
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
    others = {name: part for name, part in optional.items() if name not in required}
    return st.fixed_dictionaries(required, optional=others).map(lambda fields: kind(**fields))


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
volumes = drawn(EbsVolumes, {"size_gb": whole(10, 1024)}, {"iops": whole(1), "per_instance": whole(1, 8)})
fast_volumes = drawn(EbsVolumes, {"size_gb": whole(10, 1024)}, {"throughput": whole(125, 1000)})
images = st.sampled_from(["ami-01234567", "ami-0123456789abcdef0"])
instance_types = st.sampled_from(["m5.xlarge", "r5.2xlarge", "p3.2xlarge", "c7i-flex.xlarge"])
instance_options = {
    "ebs": lists(volumes | fast_volumes),
    "ebs_optimized": truths,
    "configurations": lists(configurations, 2),
    "custom_ami_id": images,
}
numbers = st.floats(0, 1000) | st.integers(0, 1000) | st.integers(0, 1000).map(str)
scaling_rules = drawn(
    ScalingRule,
    {
        "name": letters,
        "metric_name": st.sampled_from(["ContainerPendingRatio", "IsIdle"]),
        "comparison_operator": st.sampled_from(COMPARISONS),
        "threshold": numbers,
        "adjustment": st.integers(-10, 10),
    },
    {
        "adjustment_type": st.sampled_from(ADJUSTMENTS[:2]),
        "cool_down": whole(0),
        "evaluation_periods": whole(1),
        "statistic": st.sampled_from(STATISTICS),
        "unit": st.sampled_from(UNITS),
        "dimensions": st.just({"JobFlowId": "${emr.clusterId}", "JobId": "1"}),
        "description": texts,
    },
) | drawn(
    ScalingRule,
    {
        "name": letters,
        "metric_name": letters,
        "comparison_operator": st.sampled_from(COMPARISONS),
        "threshold": numbers,
        "adjustment": st.integers(1, 10),
        "namespace": letters,
    },
    {
        "adjustment_type": st.just("EXACT_CAPACITY"),
        "dimensions": mappings(letters, letters),
        "period": st.sampled_from([300, "300"]),
    },
)
rules = st.lists(scaling_rules, min_size=1, max_size=3, unique_by=lambda rule: rule.name)
auto_scaling = drawn(AutoScaling, {"minimum": whole(0, 3), "maximum": whole(3, 50), "rules": rules}, {})
group_options = {"count": whole(1, 50), "name": names, **instance_options}
groups = drawn(Group, {"instance_type": instance_types}, group_options) | drawn(
    Group,
    {"instance_type": instance_types, "spot": st.just(True)},
    {**group_options, "bid_price": st.sampled_from(["0.15", "1", 0.5])},
)
scaled_groups = drawn(Group, {"instance_type": instance_types, "auto_scaling": auto_scaling}, group_options)
primaries = instance_types | drawn(Group, {"instance_type": instance_types}, {"count": st.sampled_from([1, 3, "3"])})
instances = drawn(InstanceGroups, {"primary": primaries}, {}) | drawn(
    InstanceGroups,
    {"primary": primaries, "core": groups | instance_types},
    {"tasks": lists(groups | instance_types)},
)
scaled_instances = drawn(
    InstanceGroups, {"primary": primaries, "core": scaled_groups}, {"tasks": lists(scaled_groups | groups)}
)

reservations = drawn(
    CapacityReservation, {"preference": st.sampled_from(["open", "none"])}, {"usage_strategy": st.none()}
) | drawn(CapacityReservation, {}, {"resource_group_arn": st.just("arn:aws:resource-groups:eu-central-1:1:group/a")})
spot_strategies, on_demand_strategies = st.sampled_from(SPOT_STRATEGIES), st.sampled_from(ON_DEMAND_STRATEGIES)
type_options = {"priority": numbers, **instance_options}
bids = {"bid_price": st.just("0.1")}, {"bid_price_percentage": numbers}


def type_configs(required: dict[str, Drawn]) -> Drawn:
    kinds = [
        drawn(InstanceTypeConfig, {"instance_type": instance_types, **required}, {**type_options, **bid})
        for bid in bids
    ]
    of_each = st.lists(st.one_of(kinds), min_size=1, max_size=3, unique_by=lambda config: config.instance_type)
    return of_each | st.lists(instance_types, min_size=1, max_size=3, unique=True)


fleet_options = {
    "name": names,
    "spot_provisioning": drawn(
        SpotProvisioning,
        {"timeout_minutes": whole(5, 1440)},
        {
            "timeout_action": st.sampled_from(["SWITCH_TO_ON_DEMAND", "TERMINATE_CLUSTER"]),
            "allocation_strategy": spot_strategies,
        },
    ),
    "on_demand_provisioning": drawn(
        OnDemandProvisioning, {}, {"allocation_strategy": on_demand_strategies, "capacity_reservation": reservations}
    ),
    "spot_resizing": drawn(
        SpotResizing, {"timeout_minutes": whole(5, 10_080)}, {"allocation_strategy": spot_strategies}
    ),
    "on_demand_resizing": drawn(
        OnDemandResizing,
        {"timeout_minutes": whole(5, 10_080)},
        {"allocation_strategy": on_demand_strategies, "capacity_reservation": reservations},
    ),
    "context": letters,
}
fleets = drawn(
    Fleet, {"instance_types": type_configs({"weighted_capacity": whole(1, 64)}), "on_demand": whole(1)}, fleet_options
) | drawn(Fleet, {"instance_types": type_configs({}), "spot": whole(1)}, {"on_demand": whole(0), **fleet_options})
primary_fleets = st.sampled_from(["on_demand", "spot"]).flatmap(
    lambda market: drawn(Fleet, {"instance_types": type_configs({}), market: st.sampled_from([1, "1"])}, fleet_options)
)
instance_fleets = drawn(InstanceFleets, {"primary": instance_types | primary_fleets}, {"core": fleets}) | drawn(
    InstanceFleets, {"primary": instance_types, "core": fleets, "task": fleets}, {}
)

limits = {"minimum": whole(1, 3), "maximum": whole(3, 50)}
limit_options = {"maximum_on_demand": whole(0, 3), "maximum_core": whole(0, 3)}
advanced = {
    "scaling_strategy": st.just("ADVANCED"),
    "utilization_performance_index": st.sampled_from(PERFORMANCE_INDEXES),
}


def managed_scaling(*unit_types: str | None) -> Drawn:
    units = {"unit_type": st.sampled_from(unit_types)}
    default = {"scaling_strategy": st.just("DEFAULT")}
    return drawn(ManagedScaling, {**limits, **units}, {**limit_options, **default}) | drawn(
        ManagedScaling, {**limits, **units, **advanced}, limit_options
    )


secrets = letters.map(Secret) | letters.map(lambda name: Secret(variable=name))
kerberos = drawn(
    KerberosAttributes,
    {"realm": letters, "kdc_admin_password": secrets},
    {"cross_realm_trust_principal_password": secrets},
) | drawn(
    KerberosAttributes,
    {
        "realm": letters,
        "kdc_admin_password": secrets,
        "ad_domain_join_user": letters,
        "ad_domain_join_password": secrets,
    },
    {},
)
key_arns = st.just("arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab")
cloud_watch_logs = drawn(
    CloudWatchLogs,
    {},
    {
        "log_group_name": letters,
        "log_stream_name_prefix": letters,
        "encryption_key_arn": key_arns,
        "log_types": mappings(
            st.sampled_from(["STEP_LOGS", "SPARK_DRIVER", "SPARK_EXECUTOR"]),
            st.lists(st.sampled_from(["STDOUT", "STDERR"]), min_size=1, max_size=2, unique=True),
        ),
    },
)
upload_policies = mappings(st.sampled_from(["system-logs", "persistent-ui-logs"]), st.just("emr-managed"))
monitoring = drawn(MonitoringConfiguration, {"cloud_watch": cloud_watch_logs}, {"s3_upload_policy": upload_policies})
root_volumes = drawn(RootVolume, {"size_gb": whole(10, 100)}, {"iops": whole(3000), "throughput": whole(125)})
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
    "ec2_key_name": letters,
    "service_access_security_group": st.just("sg-01234567"),
    "security_configuration": letters,
    "scale_down_behavior": st.sampled_from(["TERMINATE_AT_TASK_COMPLETION", "TERMINATE_AT_INSTANCE_HOUR"]),
    "custom_ami_id": images,
    "root_volume": root_volumes,
    "os_release_label": letters,
    "unhealthy_node_replacement": truths,
    "session_enabled": truths,
    "extended_support": truths,
    "additional_info": st.just('{"a": "b"}'),
    "managed_policies": truths,
    "additional_master_security_groups": lists(st.just("sg-01234567")),
    "additional_slave_security_groups": lists(st.just("sg-01234567")),
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
subnet = st.just("subnet-0123456789abcdef0")
encrypted_logs = {"log_uri": s3_folders, "log_encryption_kms_key_id": key_arns}
watched = {"monitoring": monitoring, "applications": st.just(["Spark", "AmazonCloudWatchAgent"])}
kerberized = {"kerberos": kerberos, "security_configuration": letters}
newest = {**cluster, "release_label": st.just("emr-7.12.0")}
in_fleets = {**cluster, "instances": instance_fleets}
managed_policies_tag = "for-use-with-amazon-emr-managed-policies"
clusters = st.one_of(
    drawn(EmrCluster, cluster, {**cluster_options, "ec2_subnet_id": subnet}),
    drawn(
        EmrCluster, {**cluster, **security_groups}, {**cluster_options, "availability_zone": st.just("eu-central-1a")}
    ),
    drawn(
        EmrCluster,
        {**cluster, **encrypted_logs, "managed_scaling": managed_scaling("Instances", "VCPU", None)},
        cluster_options,
    ),
    drawn(EmrCluster, {**cluster, "instances": scaled_instances, "auto_scaling_role": letters}, cluster_options),
    drawn(
        EmrCluster,
        {**in_fleets, "ec2_subnet_ids": st.lists(subnet, max_size=3)},
        {**cluster_options, "managed_scaling": managed_scaling("InstanceFleetUnits", None)},
    ),
    drawn(
        EmrCluster,
        {
            **in_fleets,
            **kerberized,
            "availability_zones": st.lists(st.sampled_from(["eu-west-1a", "eu-west-1b"]), max_size=2),
        },
        cluster_options,
    ),
    drawn(EmrCluster, {**newest, **watched}, {**cluster_options, **watched}),
    drawn(
        EmrCluster,
        {**cluster, "custom_ami_id": images, "repo_upgrade_on_boot": st.sampled_from(["SECURITY", "NONE"])},
        {**cluster_options, "tags": st.just({managed_policies_tag: "true"}), "managed_policies": st.just(False)},
    ),
    drawn(
        EmrCluster,
        {
            **cluster,
            "instances": drawn(InstanceGroups, {"primary": instance_types.map(lambda kind: Group(kind, 3))}, {}),
            "spread_primaries": truths,
        },
        cluster_options,
    ),
)

specs = st.one_of(
    steps, clusters, instances, instance_fleets, groups, volumes, fast_volumes, bootstrap_actions, configurations
)
