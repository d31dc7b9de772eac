"""The fake that other tests rely on keeps the promises of the protocol."""

from __future__ import annotations

import pytest

from distributor.fake_ingesters import FakeIngester
from distributor.pushes import TENANT, rows_of
from lgtm.distributor.ingesters import Appended, Ingester, UnknownSeries
from lgtm.model.batch import Batch, Series
from lgtm.model.part import Part, PartId
from lgtm.model.signal import LOGS

SERIES = Series.of((("app", "a"),))
BARE = Series(SERIES.fingerprint, None)


def part(sequence: int, series: Series) -> Part:
    return Part(PartId(b"w" * 16, 1, sequence), ("a",), Batch(LOGS, TENANT, (series,), rows_of([(0, (1, "x"))])))


async def test_a_part_is_stored_once_however_often_it_is_sent() -> None:
    fake = FakeIngester()
    ingester: Ingester = fake
    assert await ingester.append(part(0, SERIES)) == Appended(1)
    fake.cut()
    assert await ingester.append(part(0, BARE)) == Appended(2)
    assert len(fake.entries()) == 1


async def test_series_without_labels_are_unknown_until_they_were_sent_in_the_generation() -> None:
    fake = FakeIngester()
    with pytest.raises(UnknownSeries) as unknown:
        await fake.append(part(0, BARE))
    assert (unknown.value.fingerprints, unknown.value.generation) == ((SERIES.fingerprint,), 1)
    assert not fake.entries()
    await fake.append(part(0, SERIES))
    await fake.append(part(1, BARE))
    assert len(fake.entries()) == 2
