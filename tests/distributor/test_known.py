from __future__ import annotations

from lgtm.distributor.known import KnownSeries
from lgtm.model.fingerprint_index import Prints, prints_of
from lgtm.model.series import Series
from lgtm.model.tenant import Tenant

T, U = Tenant("t"), Tenant("u")
A, B = Series.of((("app", "a"),)), Series.of((("app", "b"),))


def prints(series: list[Series]) -> Prints:
    return prints_of([one.fingerprint for one in series])


def has(known: KnownSeries, series: Series) -> bool:
    return bool(known.has(T, prints([series])).all())


def test_labels_are_sent_until_the_ingester_has_acknowledged_them() -> None:
    known = KnownSeries(100)
    assert not has(known, A)
    known.acknowledged(1, T, prints([A]))
    assert has(known, A)


def test_tenants_are_told_apart() -> None:
    known = KnownSeries(100)
    known.acknowledged(1, T, prints([A]))
    assert not known.has(U, prints([A])).any()


def test_a_new_generation_knows_only_what_was_sent_to_it() -> None:
    known = KnownSeries(100)
    known.acknowledged(1, T, prints([A]))
    known.acknowledged(2, T, prints([B]))
    assert has(known, B)
    assert not has(known, A)


def test_a_late_answer_of_an_older_generation_teaches_nothing() -> None:
    known = KnownSeries(100)
    known.acknowledged(2, T, prints([B]))
    known.acknowledged(1, T, prints([A]))
    assert has(known, B)
    assert not has(known, A)


def test_an_ingester_that_lost_its_log_may_count_from_the_start() -> None:
    known = KnownSeries(100)
    known.acknowledged(7, T, prints([A]))
    epoch = known.epoch
    known.forget(1)
    assert known.epoch != epoch
    assert not has(known, A)
    known.acknowledged(1, T, prints([A]))
    assert has(known, A)


def test_what_is_remembered_is_bounded() -> None:
    known = KnownSeries(2)
    series = [Series.of((("app", str(number)),)) for number in range(50)]
    for one in series:
        known.acknowledged(1, T, prints([one]))
    assert sum(has(known, one) for one in series) <= 2
    assert has(known, series[-1])
