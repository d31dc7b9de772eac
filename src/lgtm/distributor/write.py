"""One part to its owners, until as many of them as the rule asks for have it on a synced log.

    owners  A   B          all are asked at once
            │   └─ ack     copies = 1: done, and the answer of A is awaited by nobody (but still counted)
            └─ UnknownSeries → the same part id again, with labels

A failure that an ingester tells (any LgtmError) is definite: that copy does not exist. Silence is not: it neither counts nor lowers the count.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from lgtm.clock import NS_PER_S, Clock
from lgtm.distributor.ingesters import Appended, Ingester, UnknownSeries
from lgtm.distributor.known import KnownSeries
from lgtm.distributor.metrics import DistributorMetrics
from lgtm.errors import LgtmError, Unavailable
from lgtm.model.batch import Batch
from lgtm.model.part import Part, PartId
from lgtm.telemetry import event

logger = logging.getLogger(__name__)

Spawn = Callable[..., "asyncio.Task[Exception | None]"]


class TooFewCopies(Unavailable):
    """A part has fewer owners than copies are asked for."""

    def __init__(self, owners: int, copies: int) -> None:
        self.owners, self.copies = owners, copies

    def __str__(self) -> str:
        return f"at least {self.copies} live ingesters required, could only find {self.owners}"


class Writer:
    """spawn: starts a task that somebody awaits in the end (a TaskGroup's create_task)."""

    def __init__(self, *, copies: int, known_series_max: int, clock: Clock, metrics: DistributorMetrics, spawn: Spawn) -> None:
        self._copies = copies
        self._known_series_max = known_series_max
        self._clock = clock
        self._metrics = metrics
        self._spawn = spawn
        self._known: dict[str, KnownSeries] = {}

    async def write(self, part_id: PartId, batch: Batch, owners: tuple[Ingester, ...]) -> None:
        """Returns once enough owners acknowledged. Raises the error of an owner, or TooFewCopies, when there cannot be enough any more."""
        if len(owners) < self._copies:
            raise TooFewCopies(len(owners), self._copies)
        part = Part(part_id, tuple(owner.id for owner in owners), batch)
        if len(owners) == 1:
            failures = [await self._copy(part, owners[0])]
        else:
            failures = await self._race(part, owners)
        if failures.count(None) < self._copies:
            raise next(failure for failure in failures if failure is not None)

    async def _race(self, part: Part, owners: tuple[Ingester, ...]) -> list[Exception | None]:
        """Answers up to the one that settles the matter."""
        answers: list[Exception | None] = []
        # A slow copy is not cancelled: it costs nothing that is not paid already, and makes the part safer.
        for next_answer in asyncio.as_completed([self._spawn(self._copy(part, owner)) for owner in owners]):
            answers.append(await next_answer)
            failed = len(answers) - answers.count(None)
            if answers.count(None) >= self._copies or len(owners) - failed < self._copies:
                break
        return answers

    async def _copy(self, part: Part, owner: Ingester) -> Exception | None:
        """Returns what went wrong instead of raising it: a task of a group that raises would end all others with it."""
        started_ns = self._clock.monotonic_ns()
        try:
            await self._append(part, owner)
        except Exception as error:
            self._metrics.append_failures.labels(owner.id).inc()
            level = logging.WARNING if isinstance(error, LgtmError) else logging.ERROR
            event(logger, level, "an ingester did not take a part", ingester=owner.id, part=part.id, error=repr(error))
            return error
        self._metrics.append_seconds.observe((self._clock.monotonic_ns() - started_ns) / NS_PER_S)
        return None

    async def _append(self, part: Part, owner: Ingester) -> None:
        known = self._known.setdefault(owner.id, KnownSeries(self._known_series_max))
        batch = part.batch
        try:
            answer: Appended = await owner.append(replace(part, batch=replace(batch, series=known.without_labels(batch.tenant, batch.series))))
        except UnknownSeries as unknown:
            known.forget(unknown.generation)
            self._metrics.unknown_series.inc()
            answer = await owner.append(part)
        known.acknowledged(answer.generation, batch.tenant, batch.series)
