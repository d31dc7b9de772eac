"""A part is encoded once for all who know the same series."""

from __future__ import annotations

from distributor.pushes import TENANT, rows_of
from lgtm.distributor.known import KnownSeries
from lgtm.distributor.parcel import Parcel
from lgtm.model.batch import Batch
from lgtm.model.fingerprint_index import prints_of
from lgtm.model.part import Part, PartId
from lgtm.model.series import Series
from lgtm.model.signal import LOGS
from lgtm.wire.part import decode_part

SERIES = (Series.of((("app", "a"),)), Series.of((("app", "b"),)))
PART = Part(PartId(b"w" * 16, 1, 0), ("a", "b"), Batch(LOGS, TENANT, SERIES, rows_of([(0, (1, "x")), (1, (2, "y"))])))


def knowing(*series: Series) -> KnownSeries:
    known = KnownSeries(100)
    known.acknowledged(1, TENANT, prints_of([one.fingerprint for one in series]))
    return known


def labelled(part: Part) -> list[bool]:
    return [series.labels is not None for series in part.batch.series]


async def test_labels_that_all_know_stay_out_and_the_bytes_are_the_same_for_all() -> None:
    one, other = knowing(*SERIES), knowing(SERIES[0])
    parcel = Parcel(PART, [one, other])
    (part, payload), (_, again) = await parcel.for_one_who(one), await parcel.for_one_who(other)
    assert labelled(part) == [False, True]
    assert payload is again
    assert labelled(decode_part(payload)) == labelled(part)


async def test_who_knows_less_gets_everything() -> None:
    parcel = Parcel(PART, [knowing(*SERIES), knowing(*SERIES)])
    part, _ = await parcel.for_one_who(knowing(SERIES[1]))
    assert labelled(part) == [True, True]
    assert labelled((await parcel.full())[0]) == [True, True]


async def test_who_has_forgotten_since_gets_everything() -> None:
    known = knowing(*SERIES)
    parcel = Parcel(PART, [known])
    known.forget(2)
    part, _ = await parcel.for_one_who(known)
    assert labelled(part) == [True, True]
