"""The Resource Groups Tagging API: our clusters, and with them what moto knows of other services."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from airflow_emr_pipelines.emulator.aws.errors import AwsError, Refused
from airflow_emr_pipelines.emulator.ec2.model import Cluster

T = TypeVar("T")
Request = Mapping[str, Any]
ResponseBody = dict[str, Any]
Ask = Callable[[Request], Awaitable[Mapping[str, Any]]]
Act = Callable[[str, Request], Awaitable[object]]

ARN_PART = ":elasticmapreduce:"
CLUSTER_TYPES = ("elasticmapreduce", "elasticmapreduce:cluster")
OPERATIONS = ("GetResources", "GetTagKeys", "GetTagValues", "TagResources", "UntagResources")
RESOURCES_PAGE, WORDS_PAGE = 50, 100
MOST_RESOURCES, LEAST_TAGS, MOST_TAGS = 100, 100, 500
NOT_WITH_ARNS = ("ResourceTypeFilters", "TagFilters", "ResourcesPerPage", "TagsPerPage", "PaginationToken")


class Tagging:
    """The tagging API of one region, as one request meets it.

    :param clusters: the region's
    :param ask: moto's answer to the same operation with that request
    :param act: an action of EMR's own, which may refuse
    """

    def __init__(self, clusters: Sequence[Cluster], ask: Ask, act: Act) -> None:
        self.clusters, self.ask, self.act = clusters, ask, act

    async def respond(self, operation: str, request: Request) -> ResponseBody:
        """The answer of one of ``OPERATIONS``.

        :raises AwsError: it refuses
        """
        if operation == "GetResources":
            return await self._get_resources(request)
        if operation == "GetTagKeys":
            keys = [key for cluster in self.clusters for key in cluster.tags]
            return await self._get_words("TagKeys", keys, request)
        if operation == "GetTagValues":
            wanted = request["Key"]
            values = [cluster.tags[wanted] for cluster in self.clusters if wanted in cluster.tags]
            return await self._get_words("TagValues", values, request)
        if operation == "TagResources":
            tags = [{"Key": key, "Value": value} for key, value in request["Tags"].items()]
            return await self._change("AddTags", {"Tags": tags}, request)
        return await self._change("RemoveTags", {"TagKeys": request["TagKeys"]}, request)

    async def _get_resources(self, request: Request) -> ResponseBody:
        check_pages(request)
        found: list[Mapping[str, Any]] = []
        rest = for_others(request)
        if rest is not None:
            found += await self._all_others("ResourceTagMappingList", {**rest, "ResourcesPerPage": MOST_RESOURCES})
        if asks_for_clusters(request):
            found += matching(self.clusters, request)
        told, token = page(
            found,
            lambda mapping: str(mapping["ResourceARN"]),
            request.get("PaginationToken"),
            request.get("ResourcesPerPage", RESOURCES_PAGE) if not request.get("ResourceARNList") else MOST_RESOURCES,
            lambda mapping: len(mapping["Tags"]),
            request.get("TagsPerPage"),
        )
        return {"ResourceTagMappingList": told, "PaginationToken": token}

    async def _get_words(self, member: str, words: Sequence[str], request: Request) -> ResponseBody:
        """Tag keys or values, each once, in their order."""
        others = await self._all_others(member, {name: request[name] for name in ("Key",) if name in request})
        in_order = sorted({*others, *words})
        told, token = page(in_order, str, request.get("PaginationToken"), WORDS_PAGE)
        return {member: told, "PaginationToken": token}

    async def _all_others(self, member: str, request: Request) -> list[Any]:
        """What moto tells on all its pages."""
        found: list[Any] = []
        token: str | None = None
        while True:
            answer = await self.ask({**request, "PaginationToken": token} if token else request)
            found += answer.get(member) or ()
            token = answer.get("PaginationToken")
            if not token:
                return found

    async def _change(self, action: str, change: Request, request: Request) -> ResponseBody:
        """Change the tags of each resource as its own service does; those that it refuses to are told."""
        failed: dict[str, Any] = {}
        others = [arn for arn in request["ResourceARNList"] if ARN_PART not in arn]
        if others:
            answer = await self.ask({**request, "ResourceARNList": others})
            failed.update(answer.get("FailedResourcesMap") or {})
        ids = {cluster.arn: cluster.id for cluster in self.clusters}
        for arn in request["ResourceARNList"]:
            if ARN_PART in arn:
                try:
                    await self.act(action, {**change, "ResourceId": ids.get(arn, arn.rpartition("/")[2])})
                except Refused as refused:
                    failed[arn] = {
                        "StatusCode": 400,
                        "ErrorCode": "InvalidParameterException",
                        "ErrorMessage": str(refused),
                    }
        return {"FailedResourcesMap": failed}


def check_pages(request: Request) -> None:
    """Refuse a GetResources that asks for pages of an impossible size, or names its resources and also looks for them.

    :raises AwsError: which rule is broken
    """
    if request.get("ResourceARNList"):
        for member in NOT_WITH_ARNS:
            if request.get(member):
                raise invalid(f"{member} and ResourceARNList cannot be specified together.")
    bounds = {"ResourcesPerPage": (1, MOST_RESOURCES), "TagsPerPage": (LEAST_TAGS, MOST_TAGS)}
    for member, (least, most) in bounds.items():
        if not least <= request.get(member, least) <= most:
            raise invalid(f"{member} must be between {least} and {most}, not {request[member]}.")


def invalid(sentence: str) -> AwsError:
    return AwsError("InvalidParameterException", sentence)


def page(
    found: Sequence[T],
    key: Callable[[T], str],
    token: str | None,
    size: int,
    tags: Callable[[T], int] = lambda _: 0,
    most_tags: int | None = None,
) -> tuple[list[T], str]:
    """What comes after a page's token, and the token of the next page: empty where nothing is left.

    A resource and its tags stay together; one without tags counts as one tag.
    """
    start = 0
    if token:
        tokens = [_token_after(key(one)) for one in found]
        if token not in tokens:
            raise AwsError("PaginationTokenExpiredException", "The PaginationToken is not valid any more.")
        start = tokens.index(token) + 1
    told: list[T] = []
    counted = 0
    for one in found[start : start + size]:
        counted += max(1, tags(one))
        if told and most_tags is not None and counted > most_tags:
            break
        told.append(one)
    return told, _token_after(key(told[-1])) if start + len(told) < len(found) else ""


def _token_after(key: str) -> str:
    return base64.b64encode(key.encode()).decode()


def asks_for_clusters(request: Request) -> bool:
    """Whether clusters are among what the request asks for."""
    types, arns = request.get("ResourceTypeFilters"), request.get("ResourceARNList")
    if arns:
        return any(ARN_PART in arn for arn in arns)
    return not types or any(kind in CLUSTER_TYPES for kind in types)


def for_others(request: Request) -> Request | None:
    """What others than clusters are looked for by; None when nothing is left of it."""
    rest = {name: request[name] for name in ("TagFilters",) if name in request}
    for name in ("ResourceTypeFilters", "ResourceARNList"):
        if request.get(name):
            rest[name] = [text for text in request[name] if text not in CLUSTER_TYPES and ARN_PART not in text]
            if not rest[name]:
                return None
    return rest


def matching(clusters: Sequence[Cluster], request: Request) -> list[Mapping[str, Any]]:
    """The mappings of ARN to tags of the clusters that the request asks for.

    One that had tags and has none any more is told where no tags are asked for.
    """
    arns = request.get("ResourceARNList")
    return [
        {"ResourceARN": cluster.arn, "Tags": [{"Key": key, "Value": value} for key, value in cluster.tags.items()]}
        for cluster in clusters
        if (cluster.arn in arns if arns else cluster.tags or cluster.was_tagged)
        and all(_has(cluster.tags, wanted) for wanted in request.get("TagFilters", ()))
    ]


def _has(tags: Mapping[str, str], wanted: Request) -> bool:
    values = wanted.get("Values")
    return wanted["Key"] in tags and (not values or tags[wanted["Key"]] in values)
