from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from distributor.fake_ingesters import FakeIngester
from distributor.pushes import MINUTE_AGO_NS, NOW_NS, OPEN_LIMITS, TENANT, Entry, Sent, StoredEntry, lines, push_of
from lgtm.clock import ManualClock
from lgtm.distributor.config import DistributorConfig
from lgtm.distributor.ingesters import Ingester
from lgtm.distributor.metrics import DistributorMetrics
from lgtm.distributor.push import Distributor
from lgtm.distributor.refusals import NotAcknowledged, PushRefused, QueueFull, RateLimited, Stopping
from lgtm.errors import LgtmError, Unavailable
from lgtm.model.labels import Labels, labels_of
from lgtm.model.limits import Limits, TenantLimits
from lgtm.model.tenant import Tenant

A: Sent = ([("app", "a")], lines("level=warn one", "two"))


class Node:
    """A distributor before some ingesters, all of which own everything unless `owners` says otherwise."""

    def __init__(self, limits: Limits, *names: str, **config: float) -> None:
        self.ingesters = tuple(FakeIngester(name) for name in names or ("a",))
        self.registry = CollectorRegistry()
        self.clock = ManualClock(NOW_NS)
        self.distributor = Distributor(
            b"w" * 16,
            3,
            self.owners,
            limits=TenantLimits(limits),
            config=DistributorConfig(**config),  # type: ignore[arg-type]  # numbers of either kind
            clock=self.clock,
            metrics=DistributorMetrics(self.registry, tenants_max=10),
        )

    def owners(self, key: bytes) -> tuple[Ingester, ...]:
        return self.ingesters

    async def push(self, *streams: Sent, tenant: Tenant = TENANT) -> None:
        await self.distributor.push(tenant, push_of(*streams))

    async def outcome(self, *streams: Sent) -> Exception | None:
        try:
            await self.push(*streams)
        except LgtmError as error:
            return error
        return None

    def stored(self) -> list[tuple[str, str]]:
        """(app, line)"""
        return [(dict(labels)["app"], line) for labels, _, line, _ in self.ingesters[0].entries()]

    def sample(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


@asynccontextmanager
async def running(limits: Limits | None = None, *names: str, **config: float) -> AsyncIterator[Node]:
    node = Node(limits or Limits(), *names, **config)
    async with node.distributor:
        yield node
        for ingester in node.ingesters:
            ingester.open.set()


async def test_a_push_is_stored_with_service_name_and_levels_before_it_is_answered() -> None:
    async with running() as node:
        await node.push(A)
        labels = (("app", "a"), ("service_name", "a"))
        assert node.ingesters[0].entries() == [
            (labels, MINUTE_AGO_NS, "level=warn one", (("detected_level", "warn"),)),
            (labels, MINUTE_AGO_NS + 1, "two", (("detected_level", "unknown"),)),
        ]
        (part,) = node.ingesters[0].parts.values()
        assert (part.id.writer, part.id.epoch, part.owners, part.batch.tenant) == (b"w" * 16, 3, ("a",), TENANT)
        assert node.sample("lgtm_distributor_lines_received_total", tenant="fake") == 2


async def test_parts_are_numbered_without_gaps() -> None:
    async with running() as node:
        for _ in range(3):
            await node.push(A)
        assert [part_id.sequence for part_id in node.ingesters[0].parts] == [0, 1, 2]


async def test_what_is_invalid_is_told_after_the_rest_is_stored() -> None:
    async with running(dataclasses.replace(Limits(), max_line_size=3)) as node:
        outcome = await node.outcome(([("app", "a")], lines("one", "toolong")))
        assert isinstance(outcome, PushRefused)
        assert node.stored() == [("a", "one")]
        assert node.sample("loki_discarded_samples_total", reason="line_too_long", tenant="fake") == 1
        assert node.sample("loki_discarded_bytes_total", reason="line_too_long", tenant="fake") == 7


async def test_a_push_that_cannot_be_stored_is_unavailable_whatever_else_is_wrong_with_it() -> None:
    async with running(dataclasses.replace(Limits(), max_line_size=3)) as node:
        node.ingesters[0].failures = [Unavailable("disk full")]
        outcome = await node.outcome(([("app", "a")], lines("one", "toolong")))
        assert str(outcome) == "disk full"
        assert node.sample("lgtm_distributor_lines_received_total", tenant="fake") is None


async def test_nothing_is_stored_of_a_push_beyond_the_rate() -> None:
    async with running(Limits(ingestion_rate_bytes=5, ingestion_burst_bytes=5)) as node:
        assert isinstance(await node.outcome(A), RateLimited)
        assert not node.ingesters[0].calls
        assert node.sample("loki_discarded_samples_total", reason="rate_limited", tenant="fake") == 2


async def test_a_full_queue_refuses_before_the_ingester_is_asked() -> None:
    async with running(None, in_flight_bytes_max=1_500, batch_bytes_target=1) as node:
        node.ingesters[0].open.clear()
        first = asyncio.ensure_future(node.push(([("app", "a")], lines("x" * 1_200))))
        await node.clock.advance(0)
        outcome = await node.outcome(([("app", "a")], lines("y" * 1_200)))
        assert isinstance(outcome, QueueFull)
        assert outcome.retry_after_s
        assert len(node.ingesters[0].calls) == 1
        node.ingesters[0].open.set()
        await first
        assert node.sample("lgtm_distributor_in_flight_bytes") == 0


async def test_an_ingester_that_does_not_answer_is_answered_for() -> None:
    async with running(None, write_timeout_s=10) as node:
        node.ingesters[0].open.clear()
        pushed = asyncio.ensure_future(node.outcome(A))
        await node.clock.advance(10)
        assert isinstance(await pushed, NotAcknowledged)


async def test_pushes_that_wait_for_one_write_share_the_next() -> None:
    async with running() as node:
        (ingester,) = node.ingesters
        ingester.open.clear()
        pushed = [asyncio.ensure_future(node.push(([("app", str(number % 3))], lines(f"{number}")))) for number in range(10)]
        await node.clock.advance(0)
        ingester.open.set()
        await asyncio.gather(*pushed)
        assert [len(part.batch) for part in ingester.parts.values()] == [1, 9]
        assert Counter(node.stored()) == Counter((str(number % 3), str(number)) for number in range(10))
        assert node.sample("lgtm_distributor_batched_requests_total") == 10


async def test_tenants_are_never_mixed() -> None:
    async with running() as node:
        (ingester,) = node.ingesters
        ingester.open.clear()
        tenants = [Tenant(f"t{number % 2}") for number in range(8)]
        pushed = [asyncio.ensure_future(node.push(([("app", tenant)], lines(str(n))), tenant=tenant)) for n, tenant in enumerate(tenants)]
        await node.clock.advance(0)
        ingester.open.set()
        await asyncio.gather(*pushed)
        for part in ingester.parts.values():
            labels = [series.labels for series in part.batch.series if series.labels is not None]
            assert all(dict(one)["app"] == part.batch.tenant for one in labels)
        assert len(node.stored()) == 8


async def test_labels_travel_once_and_again_after_the_ingester_forgot_them() -> None:
    async with running() as node:
        (ingester,) = node.ingesters
        await node.push(A)
        await node.push(A)
        ingester.cut()
        await node.push(A)
        assert ingester.sent_labels() == [1, 0, 0, 1]
        assert len(node.stored()) == 6
        assert node.sample("lgtm_distributor_unknown_series_total") == 1


async def test_series_go_to_their_owners() -> None:
    async with running(None, "a", "b") as node:
        first, second = node.ingesters
        node.distributor._owners = lambda key: (first,) if key[0] < 128 else (second,)
        streams: list[Sent] = [([("app", str(number))], lines("x" * 50_000)) for number in range(50)]
        await node.push(*streams)
        assert len(first.entries()) + len(second.entries()) == 50
        assert first.entries()
        assert second.entries()
        assert {part.id.sequence for ingester in node.ingesters for part in ingester.parts.values()} == {0, 1}


async def test_small_batches_go_to_few_ingesters_and_to_others_each_time() -> None:
    async with running(None, "a", "b") as node:
        first, second = node.ingesters
        node.distributor._owners = lambda key: (first,) if key[0] < 128 else (second,)
        streams: list[Sent] = [([("app", str(number))], lines("x")) for number in range(50)]
        for _ in range(2):
            await node.push(*streams)
        assert [len(first.entries()), len(second.entries())] == [50, 50]


async def test_two_copies_are_written_where_the_rule_says_so() -> None:
    async with running(None, "a", "b", copies=2) as node:
        await node.push(A)
        assert node.ingesters[0].entries() == node.ingesters[1].entries()
        node.ingesters[1].failures = [Unavailable("gone")]
        assert str(await node.outcome(A)) == "gone"


async def test_large_batches_are_completed_on_a_thread() -> None:
    async with running(None, offload_bytes_min=0) as node:
        await node.push(A)
        assert [dict(metadata)["detected_level"] for _, _, _, metadata in node.ingesters[0].entries()] == ["warn", "unknown"]


async def test_levels_are_left_alone_where_the_tenant_says_so() -> None:
    async with running(Limits(discover_log_levels=False)) as node:
        await node.push(A)
        assert [metadata for _, _, _, metadata in node.ingesters[0].entries()] == [(), ()]


async def test_a_distributor_that_stops_finishes_what_it_took_and_takes_no_more() -> None:
    async with running() as node:
        node.ingesters[0].open.clear()
        pushed = asyncio.ensure_future(node.outcome(A))
        await node.clock.advance(0)
    assert await pushed is None
    assert len(node.stored()) == 2
    with pytest.raises(Stopping):
        await node.push(A)


async def test_an_error_around_the_distributor_passes_as_it_is_and_cancels_no_write() -> None:
    node = Node(Limits())
    pushed: list[asyncio.Task[Exception | None]] = []

    async def program() -> None:
        async with node.distributor:
            pushed.append(asyncio.create_task(node.outcome(A)))
            await node.clock.advance(0)
            raise RuntimeError("around it")

    with pytest.raises(RuntimeError, match="around it"):
        await program()
    assert await pushed[0] is None


# --- any mix of good and bad

LIMITS = dataclasses.replace(
    OPEN_LIMITS, max_line_size=4, max_label_value_length=3, max_label_names_per_series=2, max_structured_metadata_entries_count=1,
    max_structured_metadata_size=5, creation_grace_period_ns=10,
)  # fmt: skip
LABELS = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(["x", "y", "long"])), min_size=1, max_size=3)
ENTRIES = st.lists(
    st.tuples(
        st.sampled_from([NOW_NS, NOW_NS + 10, NOW_NS + 11, 0]),
        st.sampled_from(["", "ok", "four", "toolong", "é", "éé", "ééé"]),
        st.dictionaries(st.sampled_from(["k", "m", "name"]), st.sampled_from(["v", "12", "12345"]), max_size=2),
    ),
    max_size=5,
)
PUSHES = st.lists(st.lists(st.tuples(LABELS, ENTRIES), min_size=1, max_size=4), min_size=1, max_size=6)


def acceptable(labels: list[tuple[str, str]], entry: Entry) -> bool:
    ts, line, metadata = entry  # type: ignore[misc]  # all have metadata
    return (
        len(labels) <= 2
        and len(dict(labels)) == len(labels)
        and all(len(value) <= 3 for _, value in labels)
        and ts <= NOW_NS + 10
        and len(line.encode()) <= 4
        and len(metadata) <= 1
        and sum(len(name) + len(value) for name, value in metadata.items()) <= 5
    )


def stored_form(labels: list[tuple[str, str]], entry: Entry) -> StoredEntry:
    sorted_labels: Labels = labels_of(labels)
    return (sorted_labels, entry[0], entry[1], tuple(sorted(dict(entry[2] if len(entry) == 3 else {}).items())))


@settings(deadline=None)
@given(PUSHES, st.sets(st.integers(0, 8)), st.sets(st.integers(0, 8)))
async def test_nothing_accepted_is_lost_and_nothing_refused_is_stored(pushes: list[list[Sent]], failing: set[int], cutting: set[int]) -> None:
    """Whatever is pushed at the same time, whichever appends fail, and whenever the ingester forgets its labels."""
    async with running(LIMITS) as node:
        (ingester,) = node.ingesters
        append = ingester.append

        async def moody(part: object, payload: bytes, *, spill: bool = False) -> object:
            call = len(ingester.calls)
            if call in cutting:
                ingester.cut()
            ingester.failures = [Unavailable("moody")] if call in failing else []
            return await append(part, payload, spill=spill)  # type: ignore[arg-type]  # a part

        ingester.append = moody  # type: ignore[method-assign,assignment]  # the same, with moods
        outcomes = await asyncio.gather(*(node.outcome(*push) for push in pushes))
        expected: Counter[StoredEntry] = Counter()
        for push, outcome in zip(pushes, outcomes, strict=True):
            good = [stored_form(list(labels), entry) for labels, entries in push for entry in entries if acceptable(list(labels), entry)]
            refused = sum(len(entries) for _, entries in push) - len(good)
            if isinstance(outcome, Unavailable):
                assert good
                continue
            assert isinstance(outcome, PushRefused) == (refused > 0)
            expected.update(good)
        assert Counter(ingester.entries()) == expected
