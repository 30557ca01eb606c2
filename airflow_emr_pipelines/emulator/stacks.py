"""CloudFormation's stacks have nothing of EMR: moto's clusters would be none, and what it does not know it skips."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from airflow_emr_pipelines.emulator.moto_internals import refusal_of_stacks

EMR = ("AWS::EMR::", "AWS::EMRServerless::", "AWS::EMRContainers::")
WAY_OUT = "Leave it out of the template, and create it by EMR's own API."


@cache
def refuse_emr() -> str | None:
    """Let moto refuse each template with a resource of EMR, before anything of it is made.

    It is for when somebody asks for CloudFormation, with which moto loads most of its services. Why it cannot be done
    with the moto that is installed; None where it is.
    """
    if unfit := refusal_of_stacks():
        return unfit
    from moto.cloudformation.parsing import ResourceMap

    ResourceMap.load = _checking(ResourceMap.load)  # type: ignore[method-assign]
    ResourceMap.build_resource_diff = _checking(ResourceMap.build_resource_diff)  # type: ignore[method-assign]
    return None


def _checking(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of moto's map of a template's resources, for templates that have none of EMR."""
    from moto.cloudformation.exceptions import ValidationError

    def checked(resource_map: Any, other_template: Mapping[str, Any] | None = None, *rest: Any, **more: Any) -> Any:
        resources = resource_map._resource_json_map if other_template is None else other_template.get("Resources", {})
        if refusal := reason_against(resources):
            raise ValidationError(message=refusal)
        return method(resource_map, *(() if other_template is None else (other_template, *rest)), **more)

    return checked


def reason_against(resources: object) -> str | None:
    """Why a template with these resources is refused; None where it is not."""
    of_emr = [f"{name} ({kind})" for name, kind in _types(resources).items() if kind.startswith(EMR)]
    if not of_emr:
        return None
    return f"The emulator does not emulate EMR in CloudFormation's stacks: {', '.join(of_emr)}. {WAY_OUT}"


def _types(resources: object) -> dict[str, str]:
    parts = resources.items() if isinstance(resources, Mapping) else ()
    return {name: str(part.get("Type")) for name, part in parts if isinstance(part, Mapping)}
