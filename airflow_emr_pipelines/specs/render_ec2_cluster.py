"""How a cluster looks to Amazon EMR on EC2, as the request of RunJobFlow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airflow_emr_pipelines.errors import HIDDEN, InvalidSpec
from airflow_emr_pipelines.specs.cluster import MANAGED_POLICIES_TAG, BootstrapAction, EmrCluster
from airflow_emr_pipelines.specs.kerberos import KerberosAttributes, Secret
from airflow_emr_pipelines.specs.monitoring import MonitoringConfiguration
from airflow_emr_pipelines.specs.render_ec2_instances import (
    given,
    render_configurations,
    render_instances,
    render_managed_scaling,
    said,
)
from airflow_emr_pipelines.specs.tags import legal_value

Reveal = Callable[[Secret], str]

MOST_STEPS = 256
SPREAD = {"InstanceRole": "MASTER", "PlacementStrategy": "SPREAD"}


def render_cluster(
    cluster: EmrCluster,
    *,
    name: str | None = None,
    steps: Sequence[Mapping[str, Any]] = (),
    tags: Mapping[str, str] | None = None,
    reveal: Reveal = lambda secret: HIDDEN,
) -> dict[str, Any]:
    """The request of RunJobFlow.

    :param name: the cluster's name with its key, when it is to be created
    :param steps: StepConfigs that the cluster runs before it ends by itself; without any it is kept alive
    :param tags: tags of ours besides the cluster's own
    :param reveal: reads a secret, when the request is to be sent
    :raises InvalidSpec: the cluster cannot run so many steps, cannot end by itself, or has a role for steps and none
    """
    _check_steps(cluster, steps)
    managed = {MANAGED_POLICIES_TAG: "true"} if cluster.managed_policies else {}
    all_tags = {**cluster.tags, **managed, **{key: legal_value(value) for key, value in (tags or {}).items()}}
    kept_alive = not steps
    return {
        "Name": name or cluster.name,
        "ReleaseLabel": cluster.release_label,
        "Instances": _instances(cluster, kept_alive=kept_alive),
        "ServiceRole": cluster.service_role,
        "JobFlowRole": cluster.job_flow_role,
        "VisibleToAllUsers": True,
        "StepConcurrencyLevel": cluster.step_concurrency,
        **said(SessionEnabled=cluster.session_enabled, ExtendedSupport=cluster.extended_support),
        **given(
            Applications=[{"Name": application} for application in cluster.applications],
            Configurations=render_configurations(cluster.configurations),
            BootstrapActions=[_bootstrap_action(action) for action in cluster.bootstrap_actions],
            LogUri=cluster.log_uri,
            LogEncryptionKmsKeyId=cluster.log_encryption_kms_key_id,
            MonitoringConfiguration=_monitoring(cluster.monitoring) if cluster.monitoring else None,
            AutoScalingRole=cluster.auto_scaling_role,
            StepExecutionRoleArn=cluster.step_execution_role_arn,
            AdditionalInfo=cluster.additional_info,
            SecurityConfiguration=cluster.security_configuration,
            KerberosAttributes=_kerberos(cluster.kerberos, reveal) if cluster.kerberos else None,
            ManagedScalingPolicy=(
                render_managed_scaling(cluster.managed_scaling, cluster.instances) if cluster.managed_scaling else None
            ),
            PlacementGroupConfigs=[SPREAD] if cluster.spread_primaries else None,
            ScaleDownBehavior=cluster.scale_down_behavior,
            CustomAmiId=cluster.custom_ami_id,
            EbsRootVolumeSize=cluster.root_volume and cluster.root_volume.size_gb,
            EbsRootVolumeIops=cluster.root_volume and cluster.root_volume.iops,
            EbsRootVolumeThroughput=cluster.root_volume and cluster.root_volume.throughput,
            OSReleaseLabel=cluster.os_release_label,
            RepoUpgradeOnBoot=cluster.repo_upgrade_on_boot,
            Steps=list(steps),
            Tags=[{"Key": key, "Value": value} for key, value in all_tags.items()],
            AutoTerminationPolicy=given(IdleTimeout=cluster.idle_timeout if kept_alive else None),
        ),
    }


def _check_steps(cluster: EmrCluster, steps: Sequence[Mapping[str, Any]]) -> None:
    if len(steps) > MOST_STEPS:
        raise InvalidSpec(
            "steps",
            f"{len(steps)} steps",
            f"a cluster holds at most {MOST_STEPS} that have not ended",
            "add the others when the cluster runs, as tasks of their own",
        )
    if cluster.step_execution_role_arn is not None and not steps:
        raise InvalidSpec(
            "EmrCluster.step_execution_role_arn",
            cluster.step_execution_role_arn,
            "it holds for steps that are part of the request, and there are none: later ones would run without it",
            "leave it out, or hand the steps to EmrCreateClusterOperator(steps=…)",
        )
    if steps and cluster.instances.primaries == 3:
        raise InvalidSpec(
            "InstanceGroups.primary",
            3,
            "a cluster with three primaries is always kept alive, and would not end after its steps",
            "choose one primary, or add the steps as tasks of their own and terminate the cluster after them",
        )


def _instances(cluster: EmrCluster, *, kept_alive: bool) -> dict[str, Any]:
    return {
        **render_instances(cluster.instances),
        "KeepJobFlowAliveWhenNoSteps": kept_alive,
        "TerminationProtected": cluster.termination_protected,
        **said(UnhealthyNodeReplacement=cluster.unhealthy_node_replacement),
        **given(
            Ec2SubnetId=cluster.ec2_subnet_id,
            Ec2SubnetIds=list(cluster.ec2_subnet_ids),
            Placement=given(
                AvailabilityZone=cluster.availability_zone, AvailabilityZones=list(cluster.availability_zones)
            ),
            Ec2KeyName=cluster.ec2_key_name,
            EmrManagedMasterSecurityGroup=cluster.emr_managed_master_security_group,
            EmrManagedSlaveSecurityGroup=cluster.emr_managed_slave_security_group,
            ServiceAccessSecurityGroup=cluster.service_access_security_group,
            AdditionalMasterSecurityGroups=list(cluster.additional_master_security_groups),
            AdditionalSlaveSecurityGroups=list(cluster.additional_slave_security_groups),
        ),
    }


def _kerberos(attributes: KerberosAttributes, reveal: Reveal) -> dict[str, Any]:
    return {
        "Realm": attributes.realm,
        "KdcAdminPassword": reveal(attributes.kdc_admin_password),
        **given(
            CrossRealmTrustPrincipalPassword=_revealed(attributes.cross_realm_trust_principal_password, reveal),
            ADDomainJoinUser=attributes.ad_domain_join_user,
            ADDomainJoinPassword=_revealed(attributes.ad_domain_join_password, reveal),
        ),
    }


def _revealed(secret: Secret | None, reveal: Reveal) -> str | None:
    return None if secret is None else reveal(secret)


def _monitoring(monitoring: MonitoringConfiguration) -> dict[str, Any]:
    logs = monitoring.cloud_watch
    return given(
        CloudWatchLogConfiguration=logs
        and {
            "Enabled": True,
            **given(
                LogGroupName=logs.log_group_name,
                LogStreamNamePrefix=logs.log_stream_name_prefix,
                EncryptionKeyArn=logs.encryption_key_arn,
                LogTypes={name: list(files) for name, files in logs.log_types.items()},
            ),
        },
        S3LoggingConfiguration=given(LogTypeUploadPolicy=dict(monitoring.s3_upload_policy)),
    )


def _bootstrap_action(action: BootstrapAction) -> dict[str, Any]:
    return {"Name": action.name, "ScriptBootstrapAction": {"Path": action.script, "Args": list(action.args)}}
