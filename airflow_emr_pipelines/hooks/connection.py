"""A service of AWS through a connection of Airflow: one session, clients that repeat nothing, and where it is."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.config import Config

from airflow_emr_pipelines.errors import InvalidSpec
from airflow_emr_pipelines.versions import AirflowNotFoundException

DEFAULT = "aws_default"
"""The one connection that need not exist: boto3's own credential chain stands in for it."""
DOMAINS_OF_AWS = (
    *(".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu"),
    *(".api.aws", ".api.amazonwebservices.com.cn", ".api.amazonwebservices.eu"),
    *(".c2s.ic.gov", ".sc2s.sgov.gov", ".cloud.adc-e.uk", ".csp.hci.ic.gov"),
)
"""Of its endpoints in all partitions, those for IPv6 among them (botocore: endpoints)."""


class AwsHook(AwsBaseHook):
    """A service of AWS through a connection of Airflow.

    :param client_type: the service, as boto3 names it
    :param aws_conn_id: the AWS connection, which has to exist unless it is aws_default; None for boto3's own credential
        chain
    :param region_name: the region; None for the connection's
    """

    def __init__(self, client_type: str, aws_conn_id: str | None = DEFAULT, region_name: str | None = None) -> None:
        super().__init__(client_type=client_type, aws_conn_id=aws_conn_id, region_name=region_name)
        self._session: Any = None

    @classmethod
    def get_connection(cls, conn_id: str) -> Any:
        """The connection of that id.

        :raises InvalidSpec: somebody has named it, and there is none: what the Amazon provider would use in its place,
            the credentials of the machine, may be another account's
        """
        try:
            return super().get_connection(conn_id)
        except AirflowNotFoundException:
            if conn_id == DEFAULT:
                raise
            remedy = "make it where this runs, or write None for boto3's own credential chain"
            raise InvalidSpec("aws_conn_id", conn_id, "Airflow has no connection of that id", remedy) from None

    def get_session(self, region_name: str | None = None, deferrable: bool = False) -> Any:
        """One session for all clients of this hook: making one costs more than what is asked through it."""
        if self._session is None:
            self._session = super().get_session(region_name=region_name, deferrable=deferrable)
        return self._session

    def renew(self) -> None:
        """Look the connection up anew at the next call, for credentials that have not expired."""
        self._session = None
        for kind in type(self).__mro__:
            for name, made in vars(kind).items():
                if isinstance(made, cached_property):
                    vars(self).pop(name, None)

    @cached_property
    def unrepeated(self) -> Any:
        """A client that sends each request once: botocore would repeat one whose answer was lost."""
        config = self.config.merge(Config(retries={"total_max_attempts": 1}))
        return self.get_client_type(region_name=self.region_name, config=config)

    @cached_property
    def s3(self) -> Any:
        """An S3 client on the same connection, for logs."""
        return AwsHook("s3", self.aws_conn_id, self._region_name).conn

    @cached_property
    def logs(self) -> Any:
        """A client of CloudWatch Logs on the same connection."""
        return AwsHook("logs", self.aws_conn_id, self._region_name).conn

    def endpoint(self) -> dict[str, str | None]:
        """Region, partition and, for an endpoint that is not AWS's, its address: what links are made of."""
        meta = self.conn_client_meta
        aws = (urlsplit(meta.endpoint_url).hostname or "").endswith(DOMAINS_OF_AWS)
        return {
            "region": meta.region_name,
            "partition": meta.partition,
            "endpoint_url": None if aws else meta.endpoint_url,
        }
