"""Objects in S3, or in a store that speaks it, through boto3: blocking calls on a bounded pool of threads, retried here and not inside botocore.

Every body is sent with its SHA-256, which the store checks, and what comes back is checked by boto3. Stores differ in conditional puts (some ignore
the header), so the first one is preceded by a probe; without them `if_absent` looks first and puts then, which suffices where a key has one
writer, as block metas do.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import logging
import random
import uuid
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lgtm.clock import NS_PER_S, Clock, SystemClock
from lgtm.storage.config import S3Config
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.objects import AlreadyExists, ObjectInfo, ObjectNotFound, StoreUnavailable, check_key
from lgtm.storage.retry import RetryBudget, wait_s
from lgtm.storage.s3_errors import Meaning, meaning_of
from lgtm.telemetry import event

T = TypeVar("T")
_log = logging.getLogger(__name__)
_READ_BYTES = 1024 * 1024


class S3Store:
    """client: a boto3 S3 client, made from the config when None; give it no retries of its own."""

    def __init__(
        self,
        config: S3Config,
        metrics: StorageMetrics,
        *,
        clock: Clock | None = None,
        rng: random.Random | None = None,
        client: Any = None,
    ) -> None:
        self._config, self._metrics = config, metrics
        self._clock = clock or SystemClock()
        self._rng = rng or random.Random()
        self._budget = RetryBudget(self._clock, config.retries_per_s)
        self._client = client or make_client(config)
        self._threads = ThreadPoolExecutor(config.threads, thread_name_prefix="s3")
        self._root = f"{config.prefix}/" if config.prefix else ""
        self._class = {"StorageClass": config.storage_class} if config.storage_class else {}
        self._conditional: bool | None = None
        self._probing = asyncio.Lock()

    async def put(self, key: str, data: bytes, *, if_absent: bool = False) -> None:
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()

        def send(condition: dict[str, str]) -> None:
            self._client.put_object(**self._object(key), Body=data, ChecksumSHA256=digest, **condition)

        await self._put(key, send, if_absent=if_absent)
        self._metrics.sent_bytes.inc(len(data))

    async def put_file(self, key: str, path: Path, *, if_absent: bool = False) -> None:
        nbytes = (await asyncio.to_thread(path.stat)).st_size
        if nbytes <= self._config.multipart_bytes:
            digest = await asyncio.get_running_loop().run_in_executor(self._threads, _sha256_of, path)

            def send(condition: dict[str, str]) -> None:
                with path.open("rb") as file:
                    self._client.put_object(**self._object(key), Body=file, ChecksumSHA256=digest, **self._class, **condition)

        else:

            def send(condition: dict[str, str]) -> None:
                self._send_parts(key, path, condition)

        await self._put(key, send, if_absent=if_absent)
        self._metrics.sent_bytes.inc(nbytes)

    async def get(self, key: str) -> bytes:
        return self._received(await self._call("get", key, lambda: bytes(self._client.get_object(**self._object(key))["Body"].read())))

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        if length <= 0 or start >= (await self.head(key)).nbytes:
            return b""
        wanted = {"Range": f"bytes={start}-{start + length - 1}"}
        return self._received(
            await self._call("get_range", key, lambda: bytes(self._client.get_object(**self._object(key), **wanted)["Body"].read()))
        )

    async def get_file(self, key: str, path: Path) -> None:
        partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")

        def receive() -> int:
            body = self._client.get_object(**self._object(key))["Body"]
            with partial.open("wb") as file:
                for piece in body.iter_chunks(_READ_BYTES):
                    file.write(piece)
                return file.tell()

        try:
            self._metrics.received_bytes.inc(await self._call("get_file", key, receive))
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    async def head(self, key: str) -> ObjectInfo:
        found = await self._call("head", key, lambda: self._client.head_object(**self._object(key)))
        return ObjectInfo(key, int(found["ContentLength"]), _ns(found["LastModified"]))

    async def list(self, prefix: str = "", *, start_after: str = "") -> AsyncIterator[ObjectInfo]:
        asked: dict[str, Any] = {"Bucket": self._config.bucket, "Prefix": self._root + prefix}
        if start_after:
            asked["StartAfter"] = self._root + start_after
        while True:
            page = await self._call("list", prefix, lambda: self._client.list_objects_v2(**asked), check=False)
            for found in page.get("Contents", ()):
                yield ObjectInfo(found["Key"][len(self._root) :], int(found["Size"]), _ns(found["LastModified"]))
            if not page.get("IsTruncated"):
                return
            asked["ContinuationToken"] = page["NextContinuationToken"]

    async def delete(self, key: str) -> None:
        await self._call("delete", key, lambda: self._client.delete_object(**self._object(key)))

    def local_path(self, key: str) -> Path | None:
        check_key(key)
        return None

    async def close(self) -> None:
        self._threads.shutdown(wait=True)
        self._client.close()

    async def puts_conditionally(self) -> bool:
        """Whether the store honours If-None-Match, found out once by putting an object twice. Raises StoreUnavailable."""
        async with self._probing:
            if self._conditional is None:
                self._conditional = await self._probe()
                if not self._conditional:
                    event(_log, logging.WARNING, "object store ignores conditional puts; looking before each instead", bucket=self._config.bucket)
            return self._conditional

    async def _probe(self) -> bool:
        key = f"probe/{uuid.uuid4().hex}"

        def put(value: bytes) -> None:
            self._client.put_object(**self._object(key), Body=value, IfNoneMatch="*")

        try:
            await self._call("put", key, lambda: put(b"first"))  # AlreadyExists even here: this try arrived though its answer was lost
            await self._call("put", key, lambda: put(b"second"))
        except AlreadyExists:
            return True
        except StoreUnavailable as error:
            if "NotImplemented" in error.reason:
                return False
            raise
        finally:
            with contextlib.suppress(StoreUnavailable):
                await self.delete(key)
        return False

    async def _put(self, key: str, send: Callable[[dict[str, str]], None], *, if_absent: bool) -> None:
        condition: dict[str, str] = {}
        check_key(key)
        if if_absent and await self.puts_conditionally():
            condition = {"IfNoneMatch": "*"}
        elif if_absent:
            try:
                await self.head(key)
            except ObjectNotFound:
                pass
            else:
                raise AlreadyExists(key)
        await self._call("put", key, lambda: send(condition))

    def _send_parts(self, key: str, path: Path, condition: dict[str, str]) -> None:
        """A multipart upload; one that fails is aborted, since unfinished ones cost money unseen."""
        client, where = self._client, self._object(key)
        upload = client.create_multipart_upload(**where, ChecksumAlgorithm="SHA256", **self._class)["UploadId"]
        try:
            parts: list[dict[str, Any]] = []
            with path.open("rb") as file:
                while data := file.read(self._config.multipart_bytes):
                    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
                    number = len(parts) + 1
                    sent = client.upload_part(**where, UploadId=upload, PartNumber=number, Body=data, ChecksumSHA256=digest)
                    parts.append({"PartNumber": number, "ETag": sent["ETag"], "ChecksumSHA256": digest})
            client.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts}, **condition)
        except Exception:
            _abort(client, where, upload)
            raise

    async def _call(self, operation: str, key: str, work: Callable[[], T], *, check: bool = True) -> T:
        """Runs `work` on a thread until it succeeds, or its failure is one that does not pass, or tries or budget run out."""
        if check:
            check_key(key)
        started_ns, tries, outcome = self._clock.monotonic_ns(), 0, "unavailable"
        try:
            while True:
                tries += 1
                try:
                    result = await asyncio.get_running_loop().run_in_executor(self._threads, work)
                    outcome = "ok"
                    return result
                except (BotoCoreError, ClientError, OSError) as error:
                    meaning = meaning_of(error)
                    outcome = meaning.value if meaning in (Meaning.ABSENT, Meaning.EXISTS) else outcome
                    if meaning is Meaning.ABSENT:
                        raise ObjectNotFound(key) from error
                    if meaning is Meaning.EXISTS:
                        raise AlreadyExists(key) from error
                    if meaning is Meaning.PERMANENT or tries >= self._config.attempts_max or not self._budget.take():
                        raise StoreUnavailable(operation, key, f"{type(error).__name__}: {error}") from error
                self._metrics.retries.labels(operation).inc()
                await self._clock.sleep(wait_s(self._config, tries, self._rng))
        finally:
            self._metrics.operation_seconds.labels(operation, outcome).observe((self._clock.monotonic_ns() - started_ns) / NS_PER_S)

    def _object(self, key: str) -> dict[str, str]:
        return {"Bucket": self._config.bucket, "Key": self._root + key}

    def _received(self, data: bytes) -> bytes:
        self._metrics.received_bytes.inc(len(data))
        return data


def make_client(config: S3Config) -> Any:
    """Credentials that the config does not hold come from where boto3 finds them: environment, files, task or instance role."""
    return boto3.client(
        "s3",
        region_name=config.region or None,
        endpoint_url=config.endpoint or None,
        aws_access_key_id=config.access_key_id or None,
        aws_secret_access_key=config.secret_access_key.reveal() or None,
        config=Config(
            connect_timeout=config.connect_timeout_s,
            read_timeout=config.read_timeout_s,
            max_pool_connections=config.threads,
            retries={"total_max_attempts": 1, "mode": "standard"},
            s3={"addressing_style": "path" if config.path_style else "auto"},
        ),
    )


def _abort(client: Any, where: dict[str, str], upload: str) -> None:
    try:
        client.abort_multipart_upload(**where, UploadId=upload)
    except Exception as error:
        event(_log, logging.WARNING, "unfinished upload left behind", key=where["Key"], upload=upload, error=str(error))


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return base64.b64encode(hashlib.file_digest(file, "sha256").digest()).decode()


def _ns(moment: Any) -> int:
    return int(moment.timestamp()) * NS_PER_S
