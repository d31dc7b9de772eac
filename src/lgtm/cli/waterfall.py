"""A trace drawn for a terminal: a row a span, below its parent, and beside it a bar that shows where in the trace it lies."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from lgtm.cli.output import Line, Tone, one_line
from lgtm.cli.times import format_time, short_duration
from lgtm.cli.trace_tree import Event, Placed, Span, Stands, in_tree_order

_LABEL_SHARE, _LABEL_CELLS_MIN, _BAR_CELLS_MIN = 0.45, 18, 10
_FIXED_CELLS = 2 + 8 + 10 + 9 + 2
"""Kind, offset and duration, and what is between them."""
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_NOTES = (Stands.ORPHAN, Stands.IN_CIRCLE)


@dataclass(slots=True, frozen=True, kw_only=True)
class Shown:
    """width: cells of a row. rows: spans to draw. events, attributes: whether those are listed below their span."""

    width: int
    rows: int
    events: bool = False
    attributes: bool = False


def waterfall(spans: Sequence[Span], shown: Shown) -> Iterator[Line]:
    """spans: all of one trace, at least one; the bars are parts of the whole, also when not all have a row."""
    begin_ns = min(span.start_ns for span in spans)
    end_ns = max(span.end_ns for span in spans)
    yield Line(_title(spans, begin_ns, end_ns))
    rows = list(islice(in_tree_order(spans), shown.rows))
    labels = [_label(placed) for placed in rows]
    label_cells_max = min(int(shown.width * _LABEL_SHARE), shown.width - _FIXED_CELLS - _BAR_CELLS_MIN)
    label_cells = min(max(map(cells, labels)), max(_LABEL_CELLS_MIN, label_cells_max))
    bar_cells = max(_BAR_CELLS_MIN, shown.width - label_cells - _FIXED_CELLS)
    resources: set[int] = set()
    for placed, label in zip(rows, labels, strict=True):
        span = placed.span
        offset, duration = short_duration(span.start_ns - begin_ns), short_duration(span.end_ns - span.start_ns)
        text = f"{fitted(label, label_cells)}  {span.kind:<8}{'+' + offset:>10}{duration:>9}  {_bar(span, begin_ns, end_ns, bar_cells)}"
        yield Line(text.rstrip(), Tone.ERROR if span.failed else Tone.PLAIN)
        yield from _details(placed, shown, begin_ns, resources)


def _title(spans: Sequence[Span], begin_ns: int, end_ns: int) -> str:
    services, errors = len({span.service for span in spans}), sum(span.failed for span in spans)
    counts = [_counted(len(spans), "span"), _counted(services, "service"), *([_counted(errors, "error")] if errors else [])]
    return f"trace {spans[0].trace_id}  {format_time(begin_ns)}  {short_duration(end_ns - begin_ns)}  {', '.join(counts)}"


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _label(placed: Placed) -> str:
    span = placed.span
    note = f" ({placed.stands.value})" if placed.stands in _NOTES else ""
    return f"{placed.guide}{'✗ ' if span.failed else ''}{one_line(span.service)}: {one_line(span.name)}{note}"


def _details(placed: Placed, shown: Shown, begin_ns: int, resources: set[int]) -> Iterator[Line]:
    """What is told of an error in any case, and what was asked for. resources: those that have been listed; each is, once."""
    span, indent = placed.span, placed.below + "    "
    if span.message:
        yield Line(f"{indent}✗ {one_line(span.message)}", Tone.ERROR)
    if shown.attributes:
        if id(span.resource) not in resources:
            resources.add(id(span.resource))
            yield from (Line(f"{indent}resource.{pair}", Tone.DIM) for pair in _pairs(span.resource))
        yield from (Line(f"{indent}{pair}", Tone.DIM) for pair in _pairs(span.attributes))
    if shown.events:
        yield from (Line(f"{indent}{_event(event, begin_ns)}", Tone.DIM) for event in span.events)


def _event(event: Event, begin_ns: int) -> str:
    return " ".join([f"· +{short_duration(max(0, event.ts_ns - begin_ns))} {one_line(event.name)}", *_pairs(event.attributes)])


def _pairs(attributes: Mapping[str, Any]) -> list[str]:
    return [one_line(f"{name}={json.dumps(value, ensure_ascii=False)}") for name, value in sorted(attributes.items())]


def _bar(span: Span, begin_ns: int, end_ns: int, width: int) -> str:
    """Its length is true to an eighth of a cell, and at least that, so that every span is seen; it begins at the nearest cell."""
    # The characters for parts of a cell fill it from the left, so a bar can end within a cell, but not begin there.
    whole_ns = max(1, end_ns - begin_ns)
    first = min((2 * (span.start_ns - begin_ns) * width + whole_ns) // (2 * whole_ns), width - 1)
    eighths = max(1, (span.end_ns - span.start_ns) * 8 * width // whole_ns)
    full, rest = divmod(min(eighths, 8 * (width - first)), 8)
    return " " * first + "█" * full + (_EIGHTHS[rest] if rest else "")


def cells(text: str) -> int:
    """How many cells of a terminal it takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def fitted(text: str, width: int) -> str:
    """Cut, with a mark, or filled up to so many cells."""
    if cells(text) > width:
        kept, taken = [], 0
        for character in text:
            taken += _cells(character)
            if taken >= width:
                break
            kept.append(character)
        text = "".join(kept) + "…"
    return text + " " * (width - cells(text))


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
