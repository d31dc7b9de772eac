"""A family remembers label sets up to a limit, and forgets them when they are idle."""

from __future__ import annotations

import numpy as np

from lgtm.clock import NS_PER_S
from lgtm.model.labels import labels_of
from lgtm.spanmetrics.family import Family, Key, SeriesLimit
from lgtm.spanmetrics.instruments import Counter
from spanmetrics.given import MINUTE_BEFORE_NS, NOW_NS, numbers_of


class Counted:
    """A family of two counters of one label."""

    def __init__(self, limit: SeriesLimit, external: tuple[tuple[str, str], ...] = ()) -> None:
        self.first, self.second = Counter("first"), Counter("second")
        self.family = Family([self.first, self.second], lambda key: labels_of([("x", key[0])]), limit, external)

    def add(self, *keys: str, now_ns: int = NOW_NS) -> None:
        slots = self.family.slots([(key,) for key in keys], np.ones(len(keys), np.int64), now_ns)
        self.first.add(slots, np.ones(len(keys)))

    def numbers(self) -> dict[str, float]:
        return numbers_of(self.family.collect(NOW_NS))


def test_a_key_keeps_its_slot() -> None:
    family = Counted(SeriesLimit(0)).family
    keys: list[Key] = [(str(number),) for number in range(200)]
    slots = family.slots(keys, np.ones(200, np.int64), NOW_NS)
    assert len(set(slots.tolist())) == 200
    assert family.slots(keys, np.ones(200, np.int64), NOW_NS).tolist() == slots.tolist()


def test_a_label_set_takes_all_series_it_may_have() -> None:
    limit = SeriesLimit(5)
    counted = Counted(limit)
    counted.add("a", "b", "c", "c", "d")
    assert (limit.active, counted.family.overflowed_total) == (4, 3)
    assert counted.numbers() == {'first{x="a"}': 1, 'first{x="b"}': 1, 'first{metric_overflow="true"}': 3}


def test_families_share_a_limit() -> None:
    limit = SeriesLimit(2)
    one, other = Counted(limit), Counted(limit)
    one.add("a")
    other.add("b")
    assert other.numbers() == {'first{metric_overflow="true"}': 1}


def test_what_is_idle_makes_room() -> None:
    limit = SeriesLimit(2)
    counted = Counted(limit)
    counted.add("a", "b")
    counted.family.forget_idle(NOW_NS + 1)
    assert (len(counted.family), limit.active, counted.numbers()) == (0, 0, {})
    counted.add("b")
    assert counted.numbers() == {'first{x="b"}': 1}


def test_what_is_in_use_stays() -> None:
    counted = Counted(SeriesLimit(0))
    counted.add("a", "b")
    counted.add("b", now_ns=NOW_NS + 5)
    counted.family.forget_idle(NOW_NS + 5)
    assert counted.numbers() == {'first{x="b"}': 2}


def test_every_series_has_the_external_labels() -> None:
    counted = Counted(SeriesLimit(2), (("node", "n1"),))
    counted.add("a", "b")
    assert counted.numbers() == {'first{node="n1",x="a"}': 1, 'first{metric_overflow="true",node="n1"}': 1}


def test_the_0_of_a_new_series_is_in_the_minute_before() -> None:
    counted = Counted(SeriesLimit(0))
    counted.add("a")
    samples = counted.family.collect(NOW_NS)
    assert samples.ts_ns.tolist() == [MINUTE_BEFORE_NS, NOW_NS]
    assert MINUTE_BEFORE_NS // (60 * NS_PER_S) < NOW_NS // (60 * NS_PER_S)
