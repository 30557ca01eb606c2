"""Responses that refuse a request, in EMR's codes and wording."""

from __future__ import annotations

OLD_VERBS = frozenset(
    {
        "RunJobFlow",
        "AddJobFlowSteps",
        "TerminateJobFlows",
        "SetTerminationProtection",
        "SetKeepJobFlowAliveWhenNoSteps",
        "SetVisibleToAllUsers",
        "SetUnhealthyNodeReplacement",
        "DescribeJobFlows",
        "PutAutoTerminationPolicy",
        "GetAutoTerminationPolicy",
        "RemoveAutoTerminationPolicy",
        "AddInstanceGroups",
        "ModifyInstanceGroups",
        "PutManagedScalingPolicy",
        "GetManagedScalingPolicy",
        "RemoveManagedScalingPolicy",
        "PutAutoScalingPolicy",
        "RemoveAutoScalingPolicy",
    }
)
"""Verbs that refuse by ValidationException; the newer ones do by InvalidRequestException."""


WITH_MESSAGE = frozenset(
    {
        "InternalServerException",
        "InternalServiceException",
        "InvalidParameterException",
        "PaginationTokenExpiredException",
    }
)
"""Errors whose member is written Message; it is message in the others."""


class AwsError(Exception):
    """An error response: its code, its message, its HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code, message, status)
        self.code, self.message, self.status = code, message, status

    def body(self) -> dict[str, str]:
        """The response in AWS's JSON 1.1 protocol."""
        if self.code == "InvalidRequestException":
            return {"__type": self.code, "ErrorCode": "InvalidRequest", "Message": self.message}
        if self.code in WITH_MESSAGE:
            return {"__type": self.code, "Message": self.message}
        return {"__type": self.code, **({"message": self.message} if self.message else {})}


class Refused(Exception):
    """A rule of EMR is broken; the code depends on the verb."""

    def error_of(self, operation: str) -> AwsError:
        """The error response of an operation that it refuses."""
        code = "ValidationException" if operation in OLD_VERBS else "InvalidRequestException"
        return AwsError(code, str(self))


def not_emulated(what: str) -> AwsError:
    """What the emulator cannot do, it says by name, and never pretends."""
    return AwsError("NotEmulatedException", f"The emulator does not emulate {what}.")


def throttled() -> AwsError:
    return AwsError("ThrottlingException", "Rate exceeded")


def no_such_cluster(operation: str, cluster_id: str) -> Refused:
    if operation in OLD_VERBS:
        return Refused("Specified job flow ID does not exist.")
    return Refused(f"Cluster id '{cluster_id}' is not valid.")


NOT_MODIFIABLE = "A job flow that is shutting down, terminated, or finished may not be modified."
NOT_RUNNING = "An instance {} may only be modified when the cluster is running or waiting."
PROTECTED = "Could not shut down one or more job flows since they are termination protected."
TOO_MANY_STEPS = (
    "Maximum number of active steps(State = 'Running', 'Pending' or 'Cancel_Pending') for cluster exceeded."
)
