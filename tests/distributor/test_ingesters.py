"""The fake that other tests rely on keeps the promises of the protocol."""

from __future__ import annotations

import pytest

from distributor.fake_ingesters import FakeIngester
from distributor.pushes import TENANT, rows_of
from lgtm.distributor.ingesters import Appended, Ingester, UnknownSeries, is_definite, says_it_is_down
from lgtm.errors import LimitExceeded, Unavailable
from lgtm.model.batch import Batch
from lgtm.model.part import Part, PartId
from lgtm.model.series import Series
from lgtm.model.signal import LOGS
from lgtm.wire.part import encode_part


def with_marks(error: Exception, **marks: bool) -> Exception:
    for name, value in marks.items():
        setattr(error, name, value)
    return error


async def append(ingester: Ingester, one: Part) -> Appended:
    return await ingester.append(one, encode_part(one))


SERIES = Series.of((("app", "a"),))
BARE = Series(SERIES.fingerprint, None)


class Told(Unavailable):
    """An error as a node tells it."""


@pytest.mark.parametrize(
    ("error", "definite", "down"),
    [
        (Told(), True, False),
        (LimitExceeded(), True, False),
        (with_marks(Told(), definite=False), False, False),
        (with_marks(Told(), draining=True), True, True),
        (with_marks(Told(), refused=True), True, True),
        (TimeoutError(), False, False),
        (RuntimeError("a bug"), False, False),
    ],
)
def test_what_a_failure_means(error: Exception, definite: bool, down: bool) -> None:
    assert (is_definite(error), says_it_is_down(error)) == (definite, down)


def part(sequence: int, series: Series) -> Part:
    return Part(PartId(b"w" * 16, 1, sequence), ("a",), Batch(LOGS, TENANT, (series,), rows_of([(0, (1, "x"))])))


async def test_a_part_is_stored_once_however_often_it_is_sent() -> None:
    fake = FakeIngester()
    ingester: Ingester = fake
    assert await append(ingester, part(0, SERIES)) == Appended(1)
    fake.cut()
    assert await append(ingester, part(0, BARE)) == Appended(2)
    assert len(fake.entries()) == 1


async def test_series_without_labels_are_unknown_until_they_were_sent_in_the_generation() -> None:
    fake = FakeIngester()
    with pytest.raises(UnknownSeries) as unknown:
        await append(fake, part(0, BARE))
    assert (unknown.value.fingerprints, unknown.value.generation) == ((SERIES.fingerprint,), 1)
    assert not fake.entries()
    await append(fake, part(0, SERIES))
    await append(fake, part(1, BARE))
    assert len(fake.entries()) == 2
