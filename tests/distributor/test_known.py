from __future__ import annotations

from lgtm.distributor.known import KnownSeries
from lgtm.model.batch import Series
from lgtm.model.tenant import Tenant

T, U = Tenant("t"), Tenant("u")
A, B = Series.of((("app", "a"),)), Series.of((("app", "b"),))


def test_labels_are_sent_until_the_ingester_has_acknowledged_them() -> None:
    known = KnownSeries(100)
    assert known.of(T) == set()
    known.acknowledged(1, T, [A.fingerprint])
    assert known.of(T) == {A.fingerprint}


def test_tenants_are_told_apart() -> None:
    known = KnownSeries(100)
    known.acknowledged(1, T, [A.fingerprint])
    assert known.of(U) == set()


def test_a_new_generation_knows_only_what_was_sent_to_it() -> None:
    known = KnownSeries(100)
    known.acknowledged(1, T, [A.fingerprint])
    known.acknowledged(2, T, [B.fingerprint])
    assert known.of(T) == {B.fingerprint}


def test_a_late_answer_of_an_older_generation_teaches_nothing() -> None:
    known = KnownSeries(100)
    known.acknowledged(2, T, [B.fingerprint])
    known.acknowledged(1, T, [A.fingerprint])
    assert known.of(T) == {B.fingerprint}


def test_an_ingester_that_lost_its_log_may_count_from_the_start() -> None:
    known = KnownSeries(100)
    known.acknowledged(7, T, [A.fingerprint])
    known.forget(1)
    known.acknowledged(1, T, [A.fingerprint])
    assert known.of(T) == {A.fingerprint}


def test_what_is_remembered_is_bounded() -> None:
    known = KnownSeries(2)
    series = [Series.of((("app", str(number)),)) for number in range(50)]
    for one in series:
        known.acknowledged(1, T, [one.fingerprint])
    assert len(known.of(T)) <= 2
