"""An S3 server on a free loopback port, and clients that fail on a script in front of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from lgtm.storage.config import MIB, S3Config
from lgtm.storage.s3 import make_client

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""Set these in the environment of the test."""


@contextmanager
def s3_server() -> Iterator[str]:
    """URL of the server."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def new_bucket(endpoint: str, **changed: Any) -> S3Config:
    """A fresh, empty bucket, and parts as small as S3 takes them."""
    config = S3Config(
        bucket=f"bucket-{uuid.uuid4().hex}",
        prefix="some/where",
        endpoint=endpoint,
        region="us-east-1",
        path_style=True,
        multipart_bytes=5 * MIB,
        **changed,
    )
    boto3.client("s3", region_name="us-east-1", endpoint_url=endpoint).create_bucket(Bucket=config.bucket)
    return config


class ScriptedClient:
    """A boto3 client that does for each call of `operation` what the script says next: an error to raise instead, `after(error)` to raise once it
    is done, or None. calls: arguments of all of them."""

    def __init__(self, config: S3Config, operation: str, script: Iterable[Exception | Callable[[], Exception] | None]) -> None:
        self._client, self._operation, self._script = make_client(config), operation, iter(script)
        self.calls: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._client, name)
        if name != self._operation:
            return real

        def call(**arguments: Any) -> Any:
            self.calls.append(arguments)
            step = next(self._script, None)
            if isinstance(step, Exception):
                raise step
            result = real(**arguments)
            if step is not None:
                raise step()
            return result

        return call


def after(error: Exception) -> Callable[[], Exception]:
    return lambda: error
