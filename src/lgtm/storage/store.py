"""The store that the configuration names."""

from __future__ import annotations

from pathlib import Path

from lgtm.storage.config import StorageConfig
from lgtm.storage.local import LocalStore
from lgtm.storage.memory import MemoryStore
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.objects import ObjectStore


def open_store(config: StorageConfig, metrics: StorageMetrics) -> ObjectStore:
    """Creates the local directory when it is missing; does not talk to S3 yet."""
    if config.store == "s3":
        from lgtm.storage.s3 import S3Store  # boto3 takes 65 ms to import, which a node without S3 need not wait for

        return S3Store(config.s3, metrics)
    return MemoryStore() if config.store == "memory" else LocalStore(Path(config.directory))
