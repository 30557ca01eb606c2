"""Security configurations of an account in a region. A cluster keeps what its own said when it was made."""

from __future__ import annotations

from airflow_emr_pipelines.emulator.ec2 import rules
from airflow_emr_pipelines.emulator.ec2.actions.registry import PAGE, Emr, Request, ResponseBody, action, page
from airflow_emr_pipelines.emulator.ec2.model import SecurityConfiguration


@action
async def create_security_configuration(emr: Emr, request: Request) -> ResponseBody:
    name = request["Name"]
    rules.new_security_configuration(name, request["SecurityConfiguration"], emr.security_configurations)
    made = SecurityConfiguration(name, request["SecurityConfiguration"], emr.clock.now())
    emr.security_configurations[name] = made
    return _summary(made)


@action
async def describe_security_configuration(emr: Emr, request: Request) -> ResponseBody:
    found = emr.security_configuration(request["Name"])
    return {**_summary(found), "SecurityConfiguration": found.text}


@action
async def list_security_configurations(emr: Emr, request: Request) -> ResponseBody:
    in_order = sorted(emr.security_configurations.values(), key=lambda one: one.name)
    found, marker = page(in_order, lambda one: one.name, request, PAGE)
    return {"SecurityConfigurations": [_summary(one) for one in found], "Marker": marker}


@action
async def delete_security_configuration(emr: Emr, request: Request) -> ResponseBody:
    found = emr.security_configuration(request["Name"])
    del emr.security_configurations[found.name]
    return {}


def _summary(one: SecurityConfiguration) -> ResponseBody:
    return {"Name": one.name, "CreationDateTime": one.created}
