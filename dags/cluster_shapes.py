"""Whole clusters for whole platforms, to copy from: docs/clusters.md says what each is for.

They are values, and cost nothing until a DAG asks for one: ``transient_cluster("platform", ML_PLATFORM)``. The ids,
roles, keys and buckets below are made up: put yours there.
"""

from __future__ import annotations

from dataclasses import replace

from airflow_emr_pipelines import (
    AutoScaling,
    BootstrapAction,
    EbsVolumes,
    EmrCluster,
    Fleet,
    Group,
    InstanceFleets,
    InstanceGroups,
    InstanceTypeConfig,
    KerberosAttributes,
    ManagedScaling,
    OnDemandProvisioning,
    OnDemandResizing,
    RootVolume,
    ScalingRule,
    Secret,
    SpotProvisioning,
    SpotResizing,
    environment,
    glue_catalog,
    io_optimized_cluster,
    jupyter_s3,
    machine_learning_cluster,
    memory_optimized_cluster,
    spark_defaults,
    sql_connector,
    streaming_cluster,
    yarn_queues,
    yarn_site,
)

RELEASE = "emr-7.10.0"
LOGS = "s3://emr-logs/"
LOG_KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SUBNETS = ("subnet-0a1b2c3d4e5f60001", "subnet-0a1b2c3d4e5f60002", "subnet-0a1b2c3d4e5f60003")
"""Of one VPC, each in another availability zone."""
IMAGE = "ami-0123456789abcdef0"
BROKERS = "b-1.example.kafka.us-east-1.amazonaws.com:9098,b-2.example.kafka.us-east-1.amazonaws.com:9098"
BOOTSTRAP = "s3://pipeline-apps/bootstrap"

ADAPTIVE = {
    "spark.sql.adaptive.enabled": True,
    "spark.sql.adaptive.coalescePartitions.enabled": True,
    "spark.sql.adaptive.skewJoin.enabled": True,
}
HIVE, SPARK_HIVE = glue_catalog()
SCALING_ROLE = "EMR_AutoScaling_DefaultRole"
MEMORY = "YARNMemoryAvailablePercentage"
BY_MEMORY = (
    ScalingRule("grow while memory is scarce", MEMORY, "LESS_THAN", 15, 4, unit="PERCENT"),
    ScalingRule("shrink while memory is free", MEMORY, "GREATER_THAN", 75, -2, unit="PERCENT", cool_down=600),
)
"""EMR's metrics are of the whole cluster, whose id EMR writes into the alarm: one group of a cluster scales by them."""

# Three availability zones: fleets, since groups have one. A fleet does not tie a market to a type. On demand it takes
# the cheapest, which is c5.xlarge; on the spot market it tries the types by priority, m5.2xlarge first.
UNIFIED_ANALYTICS = EmrCluster(
    "unified-analytics-platform",
    RELEASE,
    InstanceFleets(
        primary="r5.2xlarge",
        core=Fleet(
            [InstanceTypeConfig("r5.xlarge", ebs=[EbsVolumes(200, iops=8000, per_instance=2)])],
            on_demand=6,
            on_demand_provisioning=OnDemandProvisioning(),
        ),
        task=Fleet(
            [InstanceTypeConfig("m5.2xlarge", priority=0), InstanceTypeConfig("c5.xlarge", priority=1)],
            on_demand=4,
            spot=8,
            spot_provisioning=SpotProvisioning(
                20, "SWITCH_TO_ON_DEMAND", allocation_strategy="capacity-optimized-prioritized"
            ),
            on_demand_provisioning=OnDemandProvisioning("lowest-price"),
            spot_resizing=SpotResizing(20, allocation_strategy="capacity-optimized-prioritized"),
        ),
    ),
    # 6 core and 4 task instances on demand, and between 4 and 50 on the spot market.
    managed_scaling=ManagedScaling(14, 60, maximum_on_demand=10, maximum_core=6),
    ec2_subnet_ids=SUBNETS,
    applications=("Hadoop", "Spark", "Hive", "Livy", "JupyterEnterpriseGateway", "Zeppelin", "AmazonCloudWatchAgent"),
    configurations=(
        spark_defaults({**ADAPTIVE, "spark.speculation": True}, min_executors=8, max_executors=200),
        replace(
            HIVE,
            properties={
                **HIVE.properties,
                "hive.exec.parallel": True,
                "hive.vectorized.execution.enabled": True,
                "hive.vectorized.execution.reduce.enabled": True,
            },
        ),
        SPARK_HIVE,
        environment("hadoop-env", {"HADOOP_NAMENODE_HEAPSIZE": 4096, "HADOOP_DATANODE_HEAPSIZE": 4096}),
        yarn_site(
            {
                "yarn.nm.liveness-monitor.expiry-interval-ms": 600_000,
                "yarn.am.liveness-monitor.expiry-interval-ms": 600_000,
                "yarn.resourcemanager.nodemanager-graceful-decommission-timeout-secs": 3600,
            },
            application_masters_on_core=True,
        ),
    ),
    bootstrap_actions=(
        BootstrapAction(
            "Libraries", "s3://pipeline-apps/install_libraries.sh", ["yaml=PyYAML==6.0.2", "pyarrow=pyarrow==17.0.0"]
        ),
        BootstrapAction("Key of monitoring", f"{BOOTSTRAP}/fetch_secret.sh", ["monitoring/api-key", "monitoring/key"]),
    ),
    log_uri=LOGS,
    log_encryption_kms_key_id=LOG_KEY,
    termination_protected=True,
    step_concurrency=5,
    tags={"team": "analytics", "environment": "production"},
)

ML = machine_learning_cluster("ml-platform", log_uri=LOGS, release_label=RELEASE)

# Only the CPU group scales: rules for several groups would see the same metric and grow them alike.
ML_PLATFORM = replace(
    ML,
    instances=InstanceGroups(
        primary="r5.4xlarge",
        core=Group("r5.2xlarge", 4, ebs=[EbsVolumes(500)]),
        tasks=[
            Group("g5.2xlarge", 2, name="GPU", ebs=[EbsVolumes(1000)]),
            Group("c5.4xlarge", 2, name="CPU", spot=True, auto_scaling=AutoScaling(2, 20, BY_MEMORY)),
        ],
    ),
    auto_scaling_role=SCALING_ROLE,
    configurations=(*ML.configurations, jupyter_s3("ml-notebooks")),
    bootstrap_actions=(
        BootstrapAction("CUDA", f"{BOOTSTRAP}/cuda.sh", ["12-5"]),
        BootstrapAction(
            "Libraries", "s3://pipeline-apps/install_libraries.sh", ["pandas=pandas==2.2.3", "pyarrow=pyarrow==17.0.0"]
        ),
    ),
    idle_timeout=4 * 3600,
)

# A stream is never idle: the two hours count once its steps have ended. EMR has no r5 smaller than xlarge.
STREAMING_PLATFORM = replace(
    streaming_cluster("streaming-platform", checkpoints="s3://flink-checkpoints/platform/", log_uri=LOGS),
    instances=InstanceGroups(
        primary="m5.xlarge",
        core=Group("r5.xlarge", 6),
        tasks=[Group("c5.2xlarge", 8, auto_scaling=AutoScaling(4, 32, BY_MEMORY))],
    ),
    auto_scaling_role=SCALING_ROLE,
    bootstrap_actions=[BootstrapAction("Kafka", f"{BOOTSTRAP}/kafka_client.sh", [BROKERS])],
)

# Task groups are labels for who pays, and keep their size: YARN's queues share all of them. Trino is not under YARN, so
# EMR would not see its load. Three primaries on different hardware outlive one of them; EMR protects such a cluster.
TENANTS = {"ewr": "m5.2xlarge", "jfk": "m5.2xlarge", "lga": "m5.xlarge"}
MULTI_TENANT = EmrCluster(
    "multi-tenant-platform",
    RELEASE,
    InstanceGroups(
        primary=Group("r5.2xlarge", 3),
        core=Group("r5.xlarge", 8, ebs=[EbsVolumes(200)]),
        tasks=[Group(machine, 2, name=f"Tenant {tenant}") for tenant, machine in TENANTS.items()],
    ),
    spread_primaries=True,
    applications=("Hadoop", "Spark", "Hive", "Trino"),
    configurations=(
        yarn_queues({"default": 10, "ewr": 35, "jfk": 35, "lga": 20}, most=80),
        spark_defaults(ADAPTIVE, min_executors=4, max_executors=80),
        HIVE,
        SPARK_HIVE,
        sql_connector("hive", {"hive.metastore": "glue"}),
    ),
    managed_policies=True,
    ec2_subnet_id=SUBNETS[0],
    log_uri=LOGS,
    step_concurrency=10,
    idle_timeout=None,  # three primaries have none; end the cluster yourself
    tags={"team": "platform"},
)

MEMORY_OPTIMIZED = memory_optimized_cluster("memory-optimized", log_uri=LOGS)
IO_OPTIMIZED = io_optimized_cluster("io-optimized", log_uri=LOGS)

# Task instances on the spot market may go at any time: they hold no HDFS, and no application master.
LOG_ETL = EmrCluster(
    "log-etl",
    RELEASE,
    InstanceGroups(
        primary="m5.xlarge",
        core=Group("m5.xlarge", 2, ebs=[EbsVolumes(100)]),
        tasks=[Group("m5.2xlarge", 6, spot=True)],
    ),
    applications=("Hadoop", "Spark", "Hive"),
    configurations=(
        spark_defaults({**ADAPTIVE, "spark.speculation": True, "spark.task.maxFailures": 8}),
        yarn_site(application_masters_on_core=True),
        *glue_catalog(),
    ),
    scale_down_behavior="TERMINATE_AT_TASK_COMPLETION",
    log_uri=LOGS,
    idle_timeout=900,
    tags={"team": "logs"},
)

# Patients' data: Kerberos, an image with the reference genome on it, and a password that no DAG holds.
GENOMICS = EmrCluster(
    "genomics",
    RELEASE,
    InstanceFleets(
        primary="m5.2xlarge",
        core=Fleet(
            [
                InstanceTypeConfig("r5.4xlarge", 16, ebs=[EbsVolumes(500)]),
                InstanceTypeConfig("r5a.4xlarge", 16, ebs=[EbsVolumes(500)]),
            ],
            on_demand=64,
            on_demand_provisioning=OnDemandProvisioning("lowest-price"),
        ),
        task=Fleet(
            [
                InstanceTypeConfig("r5.4xlarge", 16, bid_price_percentage=80),
                InstanceTypeConfig("r5.8xlarge", 32, bid_price_percentage=80),
                InstanceTypeConfig("r5a.4xlarge", 16, bid_price_percentage=80),
                InstanceTypeConfig("r5a.8xlarge", 32, bid_price_percentage=80),
                InstanceTypeConfig("m5.8xlarge", 32, bid_price_percentage=80),
                InstanceTypeConfig("m5a.8xlarge", 32, bid_price_percentage=80),
            ],
            spot=128,
            spot_provisioning=SpotProvisioning(30, allocation_strategy="price-capacity-optimized"),
            spot_resizing=SpotResizing(60, allocation_strategy="price-capacity-optimized"),
            on_demand_resizing=OnDemandResizing(30, allocation_strategy="lowest-price"),
        ),
    ),
    managed_scaling=ManagedScaling(64, 640, maximum_on_demand=128, maximum_core=64),
    ec2_subnet_ids=SUBNETS,
    applications=("Hadoop", "Spark", "Hive"),
    configurations=(
        spark_defaults(
            {
                **ADAPTIVE,
                "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
                "spark.executor.memory": "20g",
                "spark.executor.cores": 4,
            }
        ),
        yarn_site(application_masters_on_core=True),
    ),
    custom_ami_id=IMAGE,
    root_volume=RootVolume(100, iops=4000, throughput=250),
    security_configuration="clinical-kerberos",
    kerberos=KerberosAttributes("EC2.INTERNAL", Secret("emr_kdc_admin")),
    log_uri=LOGS,
    step_concurrency=5,
    tags={"team": "genomics", "data": "clinical"},
)

# Models live in S3, where MODEL_STORE says; what is on the cluster goes with it.
DATA_SCIENCE = replace(
    ML,
    name="data-science",
    instances=InstanceGroups(
        primary="m5.2xlarge",
        core=Group("r5.2xlarge", 3, ebs=[EbsVolumes(200)]),
        tasks=[Group("g5.2xlarge", 1, name="GPU", spot=True, ebs=[EbsVolumes(200)])],
    ),
    configurations=(
        *ML.configurations,
        environment("spark-env", {"MODEL_STORE": "s3://model-registry/"}),
        jupyter_s3("ml-notebooks"),
    ),
    managed_scaling=ManagedScaling(3, 12, maximum_on_demand=6, maximum_core=6),
    bootstrap_actions=[BootstrapAction("CUDA", f"{BOOTSTRAP}/cuda.sh", ["12-5"])],
    idle_timeout=2 * 3600,
    tags={"team": "data-science"},
)

SHAPES = (
    UNIFIED_ANALYTICS,
    ML_PLATFORM,
    STREAMING_PLATFORM,
    MULTI_TENANT,
    MEMORY_OPTIMIZED,
    IO_OPTIMIZED,
    LOG_ETL,
    GENOMICS,
    DATA_SCIENCE,
)
