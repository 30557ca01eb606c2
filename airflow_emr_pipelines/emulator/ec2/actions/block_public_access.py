"""An account's setting that no cluster may be open to everybody. It is kept and told; there are no ports here."""

from __future__ import annotations

from airflow_emr_pipelines.emulator.aws.errors import Refused
from airflow_emr_pipelines.emulator.ec2.actions.registry import ACCOUNT, Emr, Request, ResponseBody, action

AT_FIRST = {
    "BlockPublicSecurityGroupRules": True,
    "PermittedPublicSecurityGroupRuleRanges": [{"MinRange": 22, "MaxRange": 22}],
}


@action
async def get_block_public_access_configuration(emr: Emr, request: Request) -> ResponseBody:
    if emr.settings.block_public_access is None:
        emr.settings.block_public_access = (AT_FIRST, emr.clock.now())
    configuration, created = emr.settings.block_public_access
    return {
        "BlockPublicAccessConfiguration": configuration,
        "BlockPublicAccessConfigurationMetadata": {
            "CreationDateTime": created,
            "CreatedByArn": f"arn:aws:iam::{ACCOUNT}:root",
        },
    }


@action
async def put_block_public_access_configuration(emr: Emr, request: Request) -> ResponseBody:
    configuration = request["BlockPublicAccessConfiguration"]
    for ports in configuration.get("PermittedPublicSecurityGroupRuleRanges", ()):
        if ports.get("MaxRange", ports["MinRange"]) < ports["MinRange"]:
            raise Refused("The MaxRange of a port range must not be lower than its MinRange.")
    emr.settings.block_public_access = (configuration, emr.clock.now())
    return {}
