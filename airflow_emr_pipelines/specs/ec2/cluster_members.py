"""A cluster of EMR on EC2: which member of RunJobFlow each field is, in both directions."""

from __future__ import annotations

from typing import Any

from airflow_emr_pipelines.errors import HIDDEN, InvalidSpec
from airflow_emr_pipelines.specs.ec2.instance_members import MANAGED_SCALING, Configurations
from airflow_emr_pipelines.specs.ec2.instances import BootstrapAction, RootVolume
from airflow_emr_pipelines.specs.ec2.kerberos import KerberosAttributes
from airflow_emr_pipelines.specs.ec2.monitoring import CloudWatchLogs, MonitoringConfiguration
from airflow_emr_pipelines.specs.values.members import Alone, ListOf, Member, Members, Pairs, Request, Structure


class Enabled(Structure):
    """The form of a value that a request may say and switch off; then there is none."""

    def render(self, value: Any) -> Request:
        return {"Enabled": True, **super().render(value)}

    def made_of(self, members: Members) -> Any:
        enabled, made = members.take("Enabled"), super().made_of(members)
        return made if enabled else None


class OrOfTheCli(Structure):
    """The form of a bootstrap action, which the AWS CLI writes without the structure for its script."""

    def made_of(self, members: Members) -> Any:
        path = members.take("Path")
        if path is None:
            return super().made_of(members)
        return BootstrapAction(members.take("Name", "Bootstrap action"), path, members.take("Args", ()))


class Hidden(Structure):
    """The form of a value whose request may hold a password: nothing that it says is shown, misspelt names included."""

    def read(self, path: str, value: Any) -> Any:
        try:
            return super().read(path, value)
        except InvalidSpec as error:
            raise InvalidSpec(error.field, HIDDEN, error.rule, error.remedy) from None


APPLICATION = Alone(
    "Name",
    refused={
        "Version": "the release says it: leave it out",
        "Args": "an application takes its settings from Configurations: leave it out",
    },
)
BOOTSTRAP_ACTION = OrOfTheCli(
    BootstrapAction,
    Member("name", "Name", required=True),
    Member("script", "ScriptBootstrapAction.Path", required=True),
    Member("args", "ScriptBootstrapAction.Args", empty=True),
)
MONITORING = Structure(
    MonitoringConfiguration,
    Member(
        "cloud_watch",
        "CloudWatchLogConfiguration",
        Enabled(
            CloudWatchLogs,
            Member("log_group_name", "LogGroupName"),
            Member("log_stream_name_prefix", "LogStreamNamePrefix"),
            Member("encryption_key_arn", "EncryptionKeyArn"),
            Member("log_types", "LogTypes"),
        ),
    ),
    Member("s3_upload_policy", "S3LoggingConfiguration.LogTypeUploadPolicy"),
)
KERBEROS = Hidden(
    KerberosAttributes,
    Member("realm", "Realm", required=True),
    Member("kdc_admin_password", "KdcAdminPassword", required=True),
    Member("cross_realm_trust_principal_password", "CrossRealmTrustPrincipalPassword"),
    Member("ad_domain_join_user", "ADDomainJoinUser"),
    Member("ad_domain_join_password", "ADDomainJoinPassword"),
)
ROOT_VOLUME = Structure(
    RootVolume,
    Member("size_gb", "EbsRootVolumeSize"),
    Member("iops", "EbsRootVolumeIops"),
    Member("throughput", "EbsRootVolumeThroughput"),
)
"""Its members are the cluster's own."""
CLUSTER = Structure(
    dict,
    Member("name", "Name", required=True),
    Member("release_label", "ReleaseLabel", required=True),
    Member("ec2_subnet_id", "Instances.Ec2SubnetId"),
    Member("ec2_subnet_ids", "Instances.Ec2SubnetIds"),
    Member("availability_zone", "Instances.Placement.AvailabilityZone"),
    Member("availability_zones", "Instances.Placement.AvailabilityZones"),
    Member("ec2_key_name", "Instances.Ec2KeyName"),
    Member("emr_managed_master_security_group", "Instances.EmrManagedMasterSecurityGroup"),
    Member("emr_managed_slave_security_group", "Instances.EmrManagedSlaveSecurityGroup"),
    Member("service_access_security_group", "Instances.ServiceAccessSecurityGroup"),
    Member("additional_master_security_groups", "Instances.AdditionalMasterSecurityGroups"),
    Member("additional_slave_security_groups", "Instances.AdditionalSlaveSecurityGroups"),
    Member("termination_protected", "Instances.TerminationProtected"),
    Member("unhealthy_node_replacement", "Instances.UnhealthyNodeReplacement"),
    Member("service_role", "ServiceRole"),
    Member("job_flow_role", "JobFlowRole"),
    Member("auto_scaling_role", "AutoScalingRole"),
    Member("step_execution_role_arn", "StepExecutionRoleArn", never_empty=True),
    Member("applications", "Applications", ListOf(APPLICATION), absent=()),
    Member("configurations", "Configurations", Configurations()),
    Member("bootstrap_actions", "BootstrapActions", ListOf(BOOTSTRAP_ACTION)),
    Member("log_uri", "LogUri"),
    Member("log_encryption_kms_key_id", "LogEncryptionKmsKeyId"),
    Member("monitoring", "MonitoringConfiguration", MONITORING),
    Member("security_configuration", "SecurityConfiguration"),
    Member("kerberos", "KerberosAttributes", KERBEROS),
    Member("managed_scaling", "ManagedScalingPolicy", MANAGED_SCALING),
    Member("scale_down_behavior", "ScaleDownBehavior"),
    Member("custom_ami_id", "CustomAmiId"),
    Member("os_release_label", "OSReleaseLabel"),
    Member("repo_upgrade_on_boot", "RepoUpgradeOnBoot"),
    Member("session_enabled", "SessionEnabled"),
    Member("extended_support", "ExtendedSupport"),
    Member("step_concurrency", "StepConcurrencyLevel"),
    Member("additional_info", "AdditionalInfo"),
    Member("tags", "Tags", Pairs()),
    refused={
        "AmiVersion": "AMI versions are gone: name a ReleaseLabel",
        "SupportedProducts": "it is of AMI versions: name Applications",
        "NewSupportedProducts": "it is of AMI versions: name Applications",
        "Instances.HadoopVersion": "the release says it: leave it out",
    },
)
"""All but the instances, and what hangs on several fields."""
