from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from lgtm.storage.config import S3Config, StorageConfig
from lgtm.storage.local import LocalStore
from lgtm.storage.memory import MemoryStore
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.s3 import S3Store
from lgtm.storage.store import open_store


@pytest.mark.parametrize(("name", "kind"), [("local", LocalStore), ("memory", MemoryStore), ("s3", S3Store)])
async def test_the_configuration_names_the_store(tmp_path: Path, name: str, kind: type[object]) -> None:
    config = StorageConfig(store=name, directory=str(tmp_path / "new" / "blocks"), s3=S3Config(bucket="b", region="us-east-1"))
    store = open_store(config, StorageMetrics(CollectorRegistry()))
    assert type(store) is kind
    await store.close()
