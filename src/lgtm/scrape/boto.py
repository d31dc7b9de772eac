"""Calls to AWS by boto3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lgtm.scrape.aws import AwsUnavailable
from lgtm.scrape.config_discovery import AwsAccess

_TIMEOUT_S = 10


class BotoAws:
    """Satisfies Aws. Clients are made when first used, since making one reads files and may ask for credentials."""

    def __init__(self, access: AwsAccess) -> None:
        self._access = access
        self._session: Any = None
        self._clients: dict[str, Any] = {}

    @property
    def region(self) -> str:
        return str(self._opened().region_name or "")

    def pages(self, service: str, operation: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        try:
            yield from self._client(service).get_paginator(operation).paginate(**arguments)
        except (BotoCoreError, ClientError) as error:
            raise self._unavailable(service, operation, error) from error

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._client(service), operation)(**arguments)
        except (BotoCoreError, ClientError) as error:
            raise self._unavailable(service, operation, error) from error
        return answer

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            config = Config(connect_timeout=_TIMEOUT_S, read_timeout=_TIMEOUT_S, retries={"total_max_attempts": 2})
            self._clients[service] = self._opened().client(service, endpoint_url=self._access.endpoint or None, config=config)
        return self._clients[service]

    def _opened(self) -> Any:
        if self._session is None:
            self._session = self._open()
        return self._session

    def _open(self) -> Any:
        access = self._access
        session = boto3.Session(
            aws_access_key_id=access.access_key or None,
            aws_secret_access_key=access.secret_key.reveal() or None,
            profile_name=access.profile or None,
            region_name=access.region or None,
        )
        if not access.role_arn:
            return session
        more = {"ExternalId": access.external_id} if access.external_id else {}
        role = session.client("sts").assume_role(RoleArn=access.role_arn, RoleSessionName="lgtm", **more)["Credentials"]
        return boto3.Session(role["AccessKeyId"], role["SecretAccessKey"], role["SessionToken"], region_name=session.region_name)

    def _unavailable(self, service: str, operation: str, error: Exception) -> AwsUnavailable:
        """Credentials of a role end after an hour, so that after any error they are asked for anew."""
        self._session = None
        self._clients.clear()
        return AwsUnavailable(f"{service} {operation}: {error}")
