"""The SQL in docs/formats/block.md, run as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
from prometheus_client import CollectorRegistry

from lgtm.blocks.lineage import compacted_identity
from lgtm.model.limits import DAY_NS
from lgtm.model.signal import SAMPLES
from lgtm.storage.local import LocalStore
from lgtm.storage.metrics import StorageMetrics
from lgtm.storage.publish import publish
from lgtm.storage.tombstone import delete_block
from support.blocks import DAY_START_NS, identity, written
from support.rows import Entry, entry
from support.samples import metric, samples_batch

PAGE = Path(__file__).parents[2] / "docs" / "formats" / "block.md"


@pytest.fixture
def examples() -> list[str]:
    return re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)


def rows(day: int, *lines: str) -> list[Entry]:
    return [entry(app, DAY_START_NS + day * DAY_NS + n * 1_000, line) for n, line in enumerate(lines) for app in ("api", "web")]


@pytest.fixture
async def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two dates; on the second one copy of a block from another replica, a deleted block, and a block compacted away."""
    store, metrics = LocalStore(tmp_path / "store"), StorageMetrics(CollectorRegistry())

    async def put(name: str, entries: list[Entry], **of: Any) -> Any:
        block = written(entries, tmp_path / name, **of)
        return await publish(store, block.files, block.meta, metrics)

    await put("old", rows(0, "a", "b"))
    day = "2024-10-05"
    await put("copy", rows(1, "c", "d"), of=identity(day, wal_id="b2"))
    deleted = await put("deleted", rows(1, "gone"), of=identity(day, generation=2))
    await delete_block(store, deleted.path, now_ns=1, reason="test")
    source = await put("source", rows(1, "c", "d"), of=identity(day))
    await put("compacted", rows(1, "c", "d"), of=compacted_identity([source]))
    samples = [(metric(name, job=job), DAY_START_NS // 10**6 + n, float(n)) for n in range(3) for job in ("a", "b") for name in ("up", "down")]
    block = written([samples_batch(samples)], tmp_path / "samples", of=identity(signal=SAMPLES))
    await publish(store, block.files, block.meta, metrics)
    await store.close()
    monkeypatch.chdir(tmp_path / "store")
    return tmp_path / "store"


async def test_the_examples_answer_what_the_page_says(root: Path, examples: list[str]) -> None:
    by_glob, visible, entries, samples = examples
    with duckdb.connect() as connection:
        assert [(str(date), count) for date, count in connection.sql(by_glob).fetchall()] == [("2024-10-04", 4), ("2024-10-05", 14)]
        connection.execute(visible)
        found = connection.sql(entries).to_arrow_table().select(["app", "line"]).to_pylist()
        last = connection.sql(samples).to_arrow_table().to_pylist()
    assert [(row["job"], row["value"], row["at"].microsecond) for row in last] == [("a", 2.0, 2_000), ("b", 2.0, 2_000)]
    assert [(row["app"], row["line"]) for row in found] == [("api", "a"), ("api", "b"), ("api", "c"), ("api", "d")]
