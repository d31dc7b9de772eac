from __future__ import annotations

from typing import Any

import pytest

from cli.trace_documents import TRACE_ID, span, text, trace
from lgtm.cli.output import Line, Tone
from lgtm.cli.trace_tree import spans_of
from lgtm.cli.waterfall import Shown, cells, fitted, waterfall


def rows(*spans: dict[str, Any], width: int = 80, count: int = 100, **more: bool) -> list[Line]:
    return list(waterfall(spans_of(trace(*spans)), Shown(width=width, rows=count, **more)))


def texts(*spans: dict[str, Any], **more: Any) -> list[str]:
    return [line.text for line in rows(*spans, **more)]


def test_a_trace_is_drawn_with_offsets_durations_and_bars() -> None:
    tree = [span(1, ms=100, name="GET /"), span(2, 1, at_ms=25, ms=50, name="SELECT"), span(3, 1, at_ms=75, ms=25, name="render")]
    assert texts(*tree) == [
        f"trace {TRACE_ID}  2026-05-28T10:00:00Z  100ms  3 spans, 1 service",
        "shop: GET /     server          +0    100ms  " + "█" * 35,
        "├ shop: SELECT  server       +25ms     50ms  " + " " * 9 + "█" * 17 + "▌",
        "└ shop: render  server       +75ms     25ms  " + " " * 26 + "█" * 8 + "▊",
    ]


def test_no_row_is_wider_than_the_terminal() -> None:
    tree = [span(n, n - 1, at_ms=n, ms=60 - n, name="long name " * 9 + "長い名前") for n in range(1, 30)]
    for width in (60, 80, 200):
        assert all(cells(text) <= width for text in texts(*tree, width=width)[1:])


def test_the_shortest_span_is_seen_and_the_last_moment_has_a_cell() -> None:
    last = texts(span(1, ms=1_000), span(2, 1, at_ms=1_000, ms=0))[-1]
    assert last.endswith(" ▏")


def test_a_trace_without_any_duration_is_drawn() -> None:
    assert len(texts(span(1, ms=0), span(2, 1, ms=0))) == 3


def test_errors_are_marked_counted_and_told() -> None:
    title, row, message = rows(span(1, error="it\nbroke"))
    assert title.text.endswith("1 span, 1 service, 1 error")
    assert (row.tone, row.text.startswith("✗ shop: span 1")) == (Tone.ERROR, True)
    assert message == Line("    ✗ it\\x0abroke", Tone.ERROR)


@pytest.mark.parametrize(
    ("spans", "note"),
    [([span(1, 9)], "(parent missing)"), ([span(1, 1)], "(parents form a circle)")],
)
def test_what_has_lost_its_parent_says_so(spans: list[dict[str, Any]], note: str) -> None:
    assert note in texts(*spans, width=160)[1]


def test_events_and_attributes_are_listed_on_demand_and_a_resource_once() -> None:
    event = {"name": "retry", "timeUnixNano": span(1, at_ms=2)["startTimeUnixNano"], "attributes": [text("why", "slow")]}
    tree = [span(1, attributes=[text("a", "\x1b[2J")], events=[event]), span(2, 1, attributes=[text("b", "é")])]
    assert not [line for line in rows(*tree) if line.tone is Tone.DIM]
    dim = [line.text for line in rows(*tree, events=True, attributes=True) if line.tone is Tone.DIM]
    assert dim == ['    resource.service.name="shop"', '    a="\\u001b[2J"', '    · +2ms retry why="slow"', '      b="é"']


def test_rows_have_a_bound_and_the_title_counts_all() -> None:
    found = texts(*(span(n) for n in range(1, 5_001)), count=10)
    assert (len(found), "5,000 spans" in found[0]) == (11, True)


@pytest.mark.parametrize(
    ("given", "width", "fits"),
    [
        ("abc", 5, "abc  "),
        ("abcdef", 5, "abcd…"),
        ("日本語", 6, "日本語"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日… "),
        ("e\u0301e", 3, "e\u0301e "),
    ],
)
def test_texts_are_cut_or_filled_to_a_width(given: str, width: int, fits: str) -> None:
    assert fitted(given, width) == fits
    assert cells(fits) == width
