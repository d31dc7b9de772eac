"""The node's own log events, asked for like anybody's."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from app.nodes import node_in, until
from lgtm.app.self_logs import EVENTS_MAX, own_logs
from lgtm.clock import NS_PER_S, ManualClock
from lgtm.logql.parser import parse_log_selector
from lgtm.model.window import Window
from lgtm.telemetry import event

logger = logging.getLogger("lgtm.test")


async def test_events_become_lines_of_the_node_s_own_stream(tmp_path: Path) -> None:
    clock = ManualClock(time.time_ns())  # events are stamped with the real time, and must not lie in the node's future
    async with node_in(tmp_path, clock=clock, self_telemetry__enabled="true") as node, own_logs(node, node.config):
        event(logger, logging.WARNING, "disk is getting full", used=0.9)
        await clock.advance(1.0)
        await until(lambda: node.ingester.head_rows() == 1)
        window = Window(clock.now_ns() - 60 * NS_PER_S, clock.now_ns() + 60 * NS_PER_S)
        expr = parse_log_selector('{service_name="lgtm"}')
        answer = await node.engine.log_query(node.config.own_tenant, expr, window=window, limit=10, forward=True)
    (entries,) = answer.result.folded()
    labels = dict(entries.labels)
    assert entries.lines[0].endswith('level=warn logger=lgtm.test msg="disk is getting full" used=0.9')
    assert (labels["logger"], labels["detected_level"]) == ("lgtm.test", "warn")


async def test_without_the_setting_nothing_is_collected(tmp_path: Path) -> None:
    handlers = list(logging.getLogger().handlers)
    async with node_in(tmp_path) as node, own_logs(node, node.config):
        assert logging.getLogger().handlers == handlers


async def test_events_beyond_the_bound_are_dropped_and_counted(tmp_path: Path) -> None:
    async with node_in(tmp_path, clock=ManualClock(), self_telemetry__enabled="true") as node, own_logs(node, node.config):
        for _ in range(EVENTS_MAX + 3):
            logger.warning("again")
        assert node.registry.get_sample_value("lgtm_self_telemetry_dropped_total") == 3
    assert logger.handlers == []
