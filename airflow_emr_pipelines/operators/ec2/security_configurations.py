"""Operators that make and delete security configurations, which clusters name in ``security_configuration``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.operators.calls import ALWAYS, Calls
from airflow_emr_pipelines.operators.waiting import EmrCallOperator
from airflow_emr_pipelines.specs.values import rules
from airflow_emr_pipelines.specs.values.templates import is_rendered

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_emr_pipelines.hooks.ec2.security_configurations import EmrSecurityConfigurations


class EmrSecurityConfigurationOperator(EmrCallOperator):
    """What making and deleting share: the name."""

    template_fields: Sequence[str] = ("name", *EmrCallOperator.template_fields)

    def __init__(self, *, name: str | Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        rules.text(f"{type(self).__name__}.name", name)
        self.name = name

    def security_configurations(self) -> EmrSecurityConfigurations:
        from airflow_emr_pipelines.hooks.ec2.security_configurations import EmrSecurityConfigurations

        return EmrSecurityConfigurations(self.aws_conn_id, self.region_name)


class EmrCreateSecurityConfigurationOperator(EmrSecurityConfigurationOperator):
    """Make a security configuration, unless there is one of that name that says the same.

    :param name: what clusters name it by
    :param security_configuration: its content, as EMR's JSON has it, or as a mapping; it is visible in Airflow and to
        whoever may describe it, so it must hold no secret
    :returns: the name
    :raises SecurityConfigurationDiffers: there is one of that name that says something else
    """

    calls: ClassVar[Calls] = {ALWAYS: ("CreateSecurityConfiguration", "DescribeSecurityConfiguration")}
    template_fields: Sequence[str] = ("security_configuration", *EmrSecurityConfigurationOperator.template_fields)
    template_fields_renderers: ClassVar[dict[str, str]] = {"security_configuration": "json"}

    def __init__(self, *, security_configuration: Mapping[str, Any] | str | Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if is_rendered(security_configuration):
            _content(security_configuration)
        self.security_configuration = security_configuration

    def execute(self, context: Context) -> str:
        name = rules.text(f"{type(self).__name__}.name", self.name)
        made = self.security_configurations().create(name, _content(self.security_configuration))
        self.log.info("Security configuration %s %s", name, "was created" if made else "exists, and says the same")
        return str(name)


class EmrDeleteSecurityConfigurationOperator(EmrSecurityConfigurationOperator):
    """Delete a security configuration. One that does not exist is a success.

    :param name: which one
    """

    calls: ClassVar[Calls] = {ALWAYS: ("DeleteSecurityConfiguration", "DescribeSecurityConfiguration")}

    def execute(self, context: Context) -> None:
        name = rules.text(f"{type(self).__name__}.name", self.name)
        deleted = self.security_configurations().delete(name)
        self.log.info("Security configuration %s %s", name, "was deleted" if deleted else "does not exist")


def _content(value: Any) -> dict[str, Any]:
    field = "EmrCreateSecurityConfigurationOperator.security_configuration"
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise InvalidSpec(
                field,
                value,
                f"it is no JSON: {error}",
                "write a mapping; where a template makes it, set render_template_as_native_obj=True on the DAG",
            ) from None
    if not isinstance(value, Mapping) or not value:
        raise InvalidSpec(
            field, value, "it is a mapping with at least one member", 'write {"EncryptionConfiguration": {…}}'
        )
    return dict(value)
