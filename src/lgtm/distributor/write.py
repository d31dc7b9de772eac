"""One part to as many ingesters as there must be copies, each with its own synced log; or, while only one lives, to its log and the object store.

    best two      A   B          asked at once
    definite      ✗              the next in the list is asked at once
    silence       ?   ok         after hedge_s a third is asked too, and one more a second as long as it lasts; nobody is cancelled
    two ok                       acknowledged
    all others down   B          B is asked again, for a second copy in the object store
    deadline                     503: what is unknown stays unknown, and a timeout never lowers the number of copies

"Down" is what an ingester says itself (nobody listens, it stops, its disk is full) or what the members of the cluster have agreed on (`Health.DOWN`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from lgtm.clock import NS_PER_S, Clock
from lgtm.distributor.ingesters import Appended, Health, HealthOf, Ingester, UnknownSeries, is_definite, says_it_is_down
from lgtm.distributor.known import KnownSeries
from lgtm.distributor.metrics import DistributorMetrics
from lgtm.distributor.parcel import Parcel
from lgtm.distributor.refusals import NotAcknowledged
from lgtm.errors import Unavailable
from lgtm.model.batch import Batch
from lgtm.model.part import Part, PartId
from lgtm.telemetry import event

logger = logging.getLogger(__name__)

Spawn = Callable[[Coroutine[Any, Any, None]], object]
"""Starts a task that somebody awaits in the end (a TaskGroup's create_task)."""
LOOK_AGAIN_S = 0.1
"""How often health is asked for while an answer is missing, and how long a node that was not reached is left alone."""

HEDGE_AGAIN_S = 1.0
"""After the first hedge: several nodes may hang at once, long before the others agree that they are down."""


class TooFewIngesters(Unavailable):
    """Nobody lives who could take a part."""

    def __init__(self, known: int) -> None:
        self.known = known

    def __str__(self) -> str:
        return f"at least 1 live ingesters required, could only find 0 of {self.known}"


@dataclass(slots=True)
class _State:
    """How far one write is."""

    acked: dict[str, Appended] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)
    failures: dict[str, Exception] = field(default_factory=dict)
    """The last failure of each ingester that did not acknowledge."""
    down: set[str] = field(default_factory=set)
    """Those that said so, in this write."""
    retry_ns: dict[str, int] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Writer:
    """copies: synced logs that must hold a part. health: asked again and again while a write is under way."""

    def __init__(
        self,
        *,
        copies: int,
        known_series_max: int,
        clock: Clock,
        metrics: DistributorMetrics,
        spawn: Spawn,
        health: HealthOf = lambda _: Health.WRITABLE,
        hedge_s: float = 0.3,
        deadline_s: float = 10.0,
    ) -> None:
        self._copies = copies
        self._known_series_max = known_series_max
        self._clock = clock
        self._metrics = metrics
        self._spawn = spawn
        self._health = health
        self._hedge_s, self._deadline_s = hedge_s, deadline_s
        self._known: dict[str, KnownSeries] = {}

    def intended(self, preference: tuple[Ingester, ...]) -> tuple[Ingester, ...]:
        """Those who should hold a part now, the primary first: the best that are not down."""
        return self._ranked(preference)[: self._copies]

    async def write(self, part_id: PartId, batch: Batch, preference: tuple[Ingester, ...]) -> None:
        """Returns once there are enough copies. Raises the error of an ingester, TooFewIngesters, or NotAcknowledged when it is not known."""
        intended = self.intended(preference)
        if not intended:
            raise TooFewIngesters(len(preference))
        part = Part(part_id, tuple(ingester.id for ingester in intended), batch)
        parcel = Parcel(part, [self._known_by(ingester) for ingester in intended])
        if self._copies == 1 and len(preference) == 1:
            await self._alone(parcel, preference[0])
        else:
            await self._replicate(parcel, preference)

    async def _alone(self, parcel: Parcel, ingester: Ingester) -> None:
        """One node by itself: no tasks, no timers."""
        try:
            await self._append(parcel, ingester, spill=False)
        except Exception as error:
            self._report(ingester, error)
            raise

    async def _replicate(self, parcel: Parcel, preference: tuple[Ingester, ...]) -> None:
        state, began_ns = _State(), self._clock.monotonic_ns()
        while True:
            state.changed.clear()
            now_ns = self._clock.monotonic_ns()
            if now_ns - began_ns >= self._deadline_s * NS_PER_S:
                raise NotAcknowledged(self._deadline_s)
            alive = [ingester for ingester in self._ranked(preference) if ingester.id not in state.down]
            if len(state.acked) >= self._copies:
                return
            if len(alive) < self._copies:
                await self._degraded(parcel, preference, alive, state)
                return
            self._ask(parcel, alive, state, now_ns, hedges=self._hedges((now_ns - began_ns) / NS_PER_S))
            await self._wait(state)

    def _hedges(self, elapsed_s: float) -> int:
        """How many more than the missing copies may be under way."""
        return 0 if elapsed_s < self._hedge_s else 1 + int((elapsed_s - self._hedge_s) / HEDGE_AGAIN_S)

    def _ask(self, parcel: Parcel, alive: list[Ingester], state: _State, now_ns: int, *, hedges: int) -> None:
        """Starts as many copies as are missing, and some more when the answers are late. Raises when there cannot be enough any more."""
        wanted = self._copies - len(state.acked) - len(state.running) + hedges
        refusals = {each.id: state.failures[each.id] for each in alive if each.id in state.failures and each.id not in state.retry_ns}
        if len(alive) - len(refusals) < self._copies:
            raise next(iter(refusals.values()))
        for ingester in alive:
            if wanted <= 0:
                return
            if ingester.id in state.acked or ingester.id in state.running or ingester.id in refusals or now_ns < state.retry_ns.get(ingester.id, 0):
                continue
            state.running.add(ingester.id)
            self._spawn(self._copy(parcel, ingester, state))
            wanted -= 1

    async def _wait(self, state: _State) -> None:
        timer, changed = asyncio.ensure_future(self._clock.sleep(LOOK_AGAIN_S)), asyncio.ensure_future(state.changed.wait())
        try:
            await asyncio.wait({timer, changed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            changed.cancel()

    async def _copy(self, parcel: Parcel, ingester: Ingester, state: _State) -> None:
        """Notes how it ended instead of raising: a task of a group that raises would end all others with it."""
        try:
            state.acked[ingester.id] = await self._append(parcel, ingester, spill=False)
            state.failures.pop(ingester.id, None)
        except Exception as error:
            self._note(ingester, error, state)
        finally:
            state.running.discard(ingester.id)
            state.changed.set()

    def _note(self, ingester: Ingester, error: Exception, state: _State) -> None:
        self._report(ingester, error)
        state.failures[ingester.id] = error
        if says_it_is_down(error):
            state.down.add(ingester.id)
        if not is_definite(error) or getattr(error, "passing", False):
            # The same part may be sent again: its id makes that harmless.
            state.retry_ns[ingester.id] = self._clock.monotonic_ns() + int(LOOK_AGAIN_S * NS_PER_S)
        else:
            state.retry_ns.pop(ingester.id, None)

    def _report(self, ingester: Ingester, error: Exception) -> None:
        self._metrics.append_failures.labels(ingester.id).inc()
        event(logger, logging.WARNING, "ingester did not take a part", ingester=ingester.id, error=str(error) or type(error).__name__)

    async def _degraded(self, parcel: Parcel, preference: tuple[Ingester, ...], alive: list[Ingester], state: _State) -> None:
        """The second copy into the object store, by whoever lives. Raises when nobody takes it."""
        survivors = [*(each for each in alive if each.id in state.acked), *(each for each in alive if each.id not in state.acked)]
        if not survivors:
            survivors = [each for each in preference if each.id in state.acked]  # it has the part already, whatever it says of itself now
        failure: Exception = TooFewIngesters(len(preference)) if not state.failures else next(iter(state.failures.values()))
        for ingester in survivors:
            try:
                answer = await self._append(parcel, ingester, spill=True)
            except Exception as error:
                self._note(ingester, error, state)
                failure = error
                continue
            state.acked[ingester.id] = answer
            self._metrics.degraded.labels("spilled" if answer.homes > 1 else "single_copy").inc()
            return
        raise failure

    async def _append(self, parcel: Parcel, ingester: Ingester, *, spill: bool) -> Appended:
        known, batch = self._known_by(ingester), parcel.part.batch
        began_ns = self._clock.monotonic_ns()
        try:
            answer = await ingester.append(*await parcel.for_one_who(known), spill=spill)
        except UnknownSeries as unknown:
            known.forget(unknown.generation)
            self._metrics.unknown_series.inc()
            answer = await ingester.append(*await parcel.full(), spill=spill)
        known.acknowledged(answer.generation, batch.tenant, batch.table.prints)
        self._metrics.append_seconds.observe((self._clock.monotonic_ns() - began_ns) / NS_PER_S)
        return answer

    def _ranked(self, preference: tuple[Ingester, ...]) -> tuple[Ingester, ...]:
        """Those not down: first who is in good health, then who is suspected, both in the order of the list."""
        health = [(self._health(ingester.id), ingester) for ingester in preference]
        return tuple(each for state in (Health.WRITABLE, Health.SUSPECT) for found, each in health if found is state)

    def _known_by(self, ingester: Ingester) -> KnownSeries:
        return self._known.setdefault(ingester.id, KnownSeries(self._known_series_max))
