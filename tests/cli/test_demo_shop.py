import random

from lgtm.cli.demo_shop import SPANS_MAX, Shop, Visit

NOW_NS = 1_779_962_400 * 10**9


def visits(count: int, seed: int = 1) -> list[Visit]:
    shop = Shop(random.Random(seed))
    return [shop.visit(NOW_NS + n) for n in range(count)]


def test_the_same_seed_makes_the_same_visits() -> None:
    assert visits(20) == visits(20) != visits(20, seed=2)


def test_a_visit_ends_now_and_has_ids_of_its_own() -> None:
    found = visits(200)
    assert all(visit.begin_ns < visit.end_ns == NOW_NS + number for number, visit in enumerate(found))
    assert len({visit.trace_id for visit in found}) == 200
    assert len({span_id for visit in found for span_id in visit.span_ids}) == 200 * SPANS_MAX


def test_only_orders_fail_and_they_take_long() -> None:
    failed = [visit for visit in visits(300) if visit.fails]
    assert failed
    assert all(visit.orders and visit.ms >= 2_000 for visit in failed)
