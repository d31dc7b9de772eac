"""A whole node inside this process: what was pushed is there, is there after a restart, and becomes blocks when it is told to stop."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.nodes import node_in, push, until
from lgtm.app.build import Node
from lgtm.blocks.inspect import inspect_block
from lgtm.logql.parser import parse_log_selector
from lgtm.model.signal import LOGS
from lgtm.model.tenant import DEFAULT_TENANT, Tenant
from lgtm.model.window import ALWAYS, Window
from lgtm.promql.parser import parse
from lgtm.promql.times import Times
from lgtm.wal.errors import LogLocked
from support.samples import decoded_samples, metric


async def lines_of(node: Node, tenant: Tenant = DEFAULT_TENANT) -> list[str]:
    now_ns = node.clock.now_ns()
    window = Window(now_ns - 3_600 * 10**9, now_ns + 60 * 10**9)
    answer = await node.engine.log_query(tenant, parse_log_selector('{app="a"}'), window=window, limit=100, forward=True)
    return [line for entries in answer.result.folded() for line in entries.lines]


def blocks_in(directory: Path, signal: str = "logs") -> list[Path]:
    return sorted(directory.glob(f"blocks/signal={signal}/*/*/*/meta.json"))


async def test_what_was_pushed_can_be_asked_for_by_its_tenant_only(tmp_path: Path) -> None:
    async with node_in(tmp_path) as node:
        await push(node, "one", "two")
        assert await lines_of(node) == ["one", "two"]
        assert await lines_of(node, Tenant("other")) == []


async def test_a_stop_turns_everything_into_blocks_that_the_next_start_finds(tmp_path: Path) -> None:
    async with node_in(tmp_path) as node:
        await push(node, "one", "two")
    (meta,) = blocks_in(tmp_path)
    assert not inspect_block(meta).damage
    async with node_in(tmp_path) as node:
        assert node.ingester.head_rows() == 0
        assert await lines_of(node) == ["one", "two"]
    assert not list((tmp_path / "flush").glob("*"))


async def test_without_time_to_flush_the_log_brings_it_back(tmp_path: Path) -> None:
    async with node_in(tmp_path, ingester__stop_grace_s="0") as node:
        await push(node, "one", "two")
    assert blocks_in(tmp_path) == []
    async with node_in(tmp_path) as node:
        assert await lines_of(node) == ["one", "two"]
        await push(node, "three")
        await node.ingester.flush_all()
        assert await lines_of(node) == ["one", "two", "three"]


async def test_a_flush_that_cannot_write_is_tried_again_until_it_can(tmp_path: Path) -> None:
    obstacle = tmp_path / "flush"
    async with node_in(tmp_path, ingester__flush_retry_s_min="0.01", ingester__flush_retry_s_max="0.01") as node:
        obstacle.write_text("not a directory")
        await push(node, "one")
        node.ingester.cut()
        await until(lambda: (node.registry.get_sample_value("lgtm_ingester_flush_failures_total") or 0) >= 2)
        assert await lines_of(node) == ["one"]
        obstacle.unlink()
        await until(lambda: node.ingester.flush_backlog() == 0)
        assert len(blocks_in(tmp_path)) == 1
        assert await lines_of(node) == ["one"]


async def test_nobody_is_answered_before_the_list_of_blocks_is_known(tmp_path: Path) -> None:
    async with node_in(tmp_path) as node:
        node.catalogue.is_loaded = False
        with pytest.raises(match="the list of blocks has not been read"):
            node.catalogue.blocks(DEFAULT_TENANT, LOGS, ALWAYS)


async def test_a_directory_belongs_to_one_node_at_a_time(tmp_path: Path) -> None:
    async with node_in(tmp_path):
        with pytest.raises(LogLocked):
            async with node_in(tmp_path):
                pass


async def test_a_store_in_memory_is_gone_with_its_node(tmp_path: Path) -> None:
    async with node_in(tmp_path, storage__store="memory") as node:
        await push(node, "one")
        await node.ingester.flush_all()
        assert await lines_of(node) == ["one"]
    async with node_in(tmp_path, storage__store="memory") as node:
        assert await lines_of(node) == []


async def test_an_answer_that_may_lack_a_damaged_block_says_so(tmp_path: Path) -> None:
    async with node_in(tmp_path) as node:
        await push(node, "one")
    (meta,) = blocks_in(tmp_path)
    meta.write_bytes(b"damaged")
    async with node_in(tmp_path) as node:
        await push(node, "two")
        now_ns = node.clock.now_ns()
        window = Window(now_ns - 3_600 * 10**9, now_ns + 60 * 10**9)
        answer = await node.engine.log_query(DEFAULT_TENANT, parse_log_selector('{app="a"}'), window=window, limit=100, forward=True)
        assert [line for entries in answer.result.folded() for line in entries.lines] == ["two"]
        (warning,) = answer.warnings
        assert meta.parent.name in warning


async def test_a_damaged_block_is_told_of_in_answers_of_its_signal_only(tmp_path: Path) -> None:
    async with node_in(tmp_path) as node:
        await push(node, "one")
        await node.distributor.push_samples(DEFAULT_TENANT, decoded_samples([(metric("up"), node.clock.now_ns() // 10**6, 1.0)]))
    (meta,) = blocks_in(tmp_path, "metrics")
    meta.write_bytes(b"damaged")
    async with node_in(tmp_path) as node:
        now_ms = node.clock.now_ns() // 10**6
        answer = await node.metrics.query(DEFAULT_TENANT, parse("up"), Times(now_ms, now_ms))
        (warning,) = answer.warnings
        assert meta.parent.name in warning
        assert await lines_of(node) == ["one"]
        window = Window((now_ms - 60_000) * 10**6, now_ms * 10**6)
        logs = await node.engine.log_query(DEFAULT_TENANT, parse_log_selector('{app="a"}'), window=window, limit=100, forward=True)
        assert logs.warnings == ()
