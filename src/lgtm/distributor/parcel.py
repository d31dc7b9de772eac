"""A part on its way: encoded once for all who get it, with labels only where somebody lacks them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lgtm.distributor.known import KnownSeries
from lgtm.model.part import Part
from lgtm.wire.part import encode_part, is_quick


class Parcel:
    """part: with labels on every series. known: of the ingesters that it is meant for first; what all of them know travels without labels."""

    def __init__(self, part: Part, known: Sequence[KnownSeries]) -> None:
        self.part = part
        table = part.batch.table
        self._left_out = np.full(len(table), bool(known))
        for one in known:
            self._left_out &= one.has(part.batch.tenant, table.prints)
        self._epochs = {one: one.epoch for one in known}
        self._lean = self._without_labels() if self._left_out.any() else part
        self._encodings: dict[bool, asyncio.Future[bytes]] = {}

    async def for_one_who(self, knows: KnownSeries) -> tuple[Part, bytes]:
        """The part and its bytes, for an ingester that knows these series."""
        if self._lean is self.part:
            return await self.full()
        return (self._lean, await self._encoded(lean=True)) if self._still_fits(knows) else await self.full()

    def _still_fits(self, knows: KnownSeries) -> bool:
        if self._epochs.get(knows) == knows.epoch:
            return True
        batch = self.part.batch
        return bool(knows.has(batch.tenant, batch.table.prints[self._left_out]).all())

    async def full(self) -> tuple[Part, bytes]:
        return self.part, await self._encoded(lean=False)

    async def _encoded(self, *, lean: bool) -> bytes:
        if lean not in self._encodings:
            part = self._lean if lean else self.part
            self._encodings[lean] = asyncio.ensure_future(_encode(part))
        return await asyncio.shield(self._encodings[lean])

    def _without_labels(self) -> Part:
        batch = self.part.batch
        return replace(self.part, batch=replace(batch, series=batch.table.without_labels(self._left_out)))


async def _encode(part: Part) -> bytes:
    if is_quick(part.batch):
        return encode_part(part)
    return await asyncio.to_thread(encode_part, part)
