"""Each exemplar is new once, however often a page shows it."""

from __future__ import annotations

from lgtm.scrape.seen_exemplars import OF_SERIES_MAX, SeenExemplars
from lgtm.wire.exposition import ScrapedExemplar


def exemplar(value: float, ts_ms: int | None = None, **labels: str) -> ScrapedExemplar:
    return ScrapedExemplar(0, tuple(labels.items()), value, ts_ms)


def test_what_differs_in_labels_value_or_own_time_is_new() -> None:
    seen = SeenExemplars()
    different = [
        exemplar(1, a="x"),
        exemplar(1, a="y"),
        exemplar(1, b="x"),
        exemplar(-1),
        exemplar(-2),
        exemplar(1, 5),
        exemplar(1, 6),
        exemplar(1),
    ]
    for one in different:
        assert seen.new([(0, one), (0, one)]) == [(0, one)]
        assert seen.new([(0, one)]) == []
        assert seen.new([(1, one)]) == [(1, one)]


def test_the_order_of_labels_does_not_matter() -> None:
    seen = SeenExemplars()
    seen.new([(0, exemplar(1, a="x", b="y"))])
    assert seen.new([(0, exemplar(1, b="y", a="x"))]) == []


def test_all_that_a_series_had_last_are_seen() -> None:
    seen = SeenExemplars()
    page = [(0, exemplar(value)) for value in range(OF_SERIES_MAX)]
    assert seen.new(page) == page
    assert seen.new([*page[1:], (0, exemplar(OF_SERIES_MAX))]) == [(0, exemplar(OF_SERIES_MAX))]
    assert seen.new(page[1:]) == []
    assert seen.new([]) == []
    assert seen.new(page) == page[:1]


def test_no_more_than_so_many_are_remembered_of_a_series() -> None:
    seen = SeenExemplars()
    page = [(0, exemplar(value)) for value in range(OF_SERIES_MAX + 1)]
    seen.new(page)
    assert seen.new(page) == page[:1]


def test_series_get_other_numbers_or_are_forgotten() -> None:
    seen = SeenExemplars()
    seen.new([(0, exemplar(0)), (1, exemplar(1))])
    seen.renumber({1: 0}.get)
    assert len(seen) == 1
    assert seen.new([(0, exemplar(1))]) == []
    seen.forget()
    assert seen.new([(0, exemplar(1))]) == [(0, exemplar(1))]
