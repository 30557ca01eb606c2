"""The security configurations of one connection: made once by name, and deleted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from airflow_emr_pipelines.aws_errors import ErrorKind, classify, code_of
from airflow_emr_pipelines.errors import SecurityConfigurationDiffers
from airflow_emr_pipelines.hooks.ec2.emr import EmrHook
from airflow_emr_pipelines.hooks.sending import retry_until_clear

INVALID = "InvalidRequestException"


class EmrSecurityConfigurations:
    """Security configurations of an AWS account and region."""

    def __init__(self, aws_conn_id: str | None, region_name: str | None) -> None:
        self.hook = EmrHook(aws_conn_id, region_name)

    def create(self, name: str, configuration: Mapping[str, Any]) -> bool:
        """Whether it was made now; False when there is one of that name that says the same.

        :raises SecurityConfigurationDiffers: there is one of that name that says something else
        """
        try:
            retry_until_clear(
                lambda: self.hook.conn.create_security_configuration(
                    Name=name, SecurityConfiguration=json.dumps(configuration)
                ),
                operation="CreateSecurityConfiguration",
            )
        except ClientError as error:
            if classify(error) is not ErrorKind.REFUSED:
                raise
            found = self.find(name)
            if found is None:
                raise
            if differing := sorted(key for key in {*found, *configuration} if found.get(key) != configuration.get(key)):
                raise SecurityConfigurationDiffers(name, differing) from error
            return False
        return True

    def delete(self, name: str) -> bool:
        """Whether it was deleted now; False when there is none of that name."""
        try:
            retry_until_clear(
                lambda: self.hook.conn.delete_security_configuration(Name=name), operation="DeleteSecurityConfiguration"
            )
        except ClientError as error:
            if code_of(error) != INVALID or self.find(name) is not None:
                raise
            return False
        return True

    def find(self, name: str) -> dict[str, Any] | None:
        """What the security configuration of that name says; None when there is none."""
        try:
            answer = retry_until_clear(
                lambda: self.hook.conn.describe_security_configuration(Name=name),
                operation="DescribeSecurityConfiguration",
            )
        except ClientError as error:
            if code_of(error) != INVALID:
                raise
            return None
        found: dict[str, Any] = json.loads(answer["SecurityConfiguration"])
        return found
