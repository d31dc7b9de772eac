"""A part on its way: encoded once for all who get it, with labels only where somebody lacks them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from lgtm.distributor.known import KnownSeries
from lgtm.model.batch import Series
from lgtm.model.labels import Fingerprint
from lgtm.model.part import Part
from lgtm.wire.part import encode_part, is_quick


class Parcel:
    """part: with labels on every series. known: of the ingesters that it is meant for first; what all of them know travels without labels."""

    def __init__(self, part: Part, known: Sequence[KnownSeries]) -> None:
        self.part = part
        tenant = part.batch.tenant
        mine = set(part.batch.table.fingerprints)
        self._left_out: set[Fingerprint] = mine.intersection(*(one.of(tenant) for one in known)) if known else set()
        self._lean = self._without(self._left_out, all_of_them=len(self._left_out) == len(mine)) if self._left_out else part
        self._encodings: dict[bool, asyncio.Future[bytes]] = {}

    async def for_one_who(self, knows: KnownSeries) -> tuple[Part, bytes]:
        """The part and its bytes, for an ingester that knows these series."""
        if not self._left_out:
            return await self.full()
        known = knows.of(self.part.batch.tenant)
        return (self._lean, await self._encoded(lean=True)) if self._left_out <= known else await self.full()

    async def full(self) -> tuple[Part, bytes]:
        return self.part, await self._encoded(lean=False)

    async def _encoded(self, *, lean: bool) -> bytes:
        lean = lean and self._lean is not self.part
        if lean not in self._encodings:
            part = self._lean if lean else self.part
            self._encodings[lean] = asyncio.ensure_future(_encode(part))
        return await asyncio.shield(self._encodings[lean])

    def _without(self, left_out: set[Fingerprint], *, all_of_them: bool) -> Part:
        batch = self.part.batch
        series: tuple[Series, ...]
        if all_of_them:
            series = batch.table.bare
        else:
            series = tuple([each.bare if each.fingerprint in left_out else each for each in batch.series])
        return replace(self.part, batch=replace(batch, series=series))


async def _encode(part: Part) -> bytes:
    if is_quick(part.batch):
        return encode_part(part)
    return await asyncio.to_thread(encode_part, part)
