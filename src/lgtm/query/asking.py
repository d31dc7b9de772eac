"""What one node asks another about the rows in its memory, as bytes: JSON, because questions are small; rows travel as Arrow (`wire/batch.py`).

heads    Question                      → Summary: which parts, how many rows, from when to when
rows     Question, parts, columns      → batches of rows, in order of arrival
series   Question, parts               → label sets
volumes  Question, parts, edges        → label sets with rows and bytes of each bucket
tail     Question                      → parts as they are acknowledged
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from lgtm.errors import BadRequest
from lgtm.model.matchers import Matcher, MatchOp
from lgtm.model.part_ids import Interval, PartIds
from lgtm.model.signal import SIGNALS
from lgtm.model.tenant import Tenant
from lgtm.model.trace_ids import TraceIds
from lgtm.model.window import TS_NS_MAX, TS_NS_MIN, Window
from lgtm.query.source import KEYS, Columns, Request

HEADS, ROWS, SERIES, VOLUMES, TAIL = "heads", "rows", "series", "volumes", "tail"


class MalformedQuestion(BadRequest):
    """Another node asked in a form that this one does not read; is it of another version?"""


@dataclass(slots=True, frozen=True)
class Question:
    """parts: rows of these only. window: to be read, inside that of the request. The rest is for one kind of question each."""

    request: Request
    parts: PartIds
    window: Window
    columns: Columns = KEYS
    edges_ns: tuple[int, ...] = ()


_SUMMARY_NUMBERS = ("row_count", "forgotten_age_ns", "min_ns", "max_ns")


@dataclass(slots=True, frozen=True)
class Summary:
    """min_ns, max_ns: both included; of no rows the wrong way round. forgotten_age_ns, lost_to: see `Held`."""

    parts: PartIds
    row_count: int
    forgotten_age_ns: int
    min_ns: int = TS_NS_MAX
    max_ns: int = TS_NS_MIN
    lost_to: frozenset[str] = frozenset()

    def to_bytes(self) -> bytes:
        numbers = {name: getattr(self, name) for name in _SUMMARY_NUMBERS}
        return orjson.dumps({"parts": _parts(self.parts), "lost_to": sorted(self.lost_to), **numbers})

    @classmethod
    def from_bytes(cls, data: bytes) -> Summary:
        """Raises MalformedQuestion."""
        try:
            fields = orjson.loads(data)
            numbers = {name: int(fields[name]) for name in _SUMMARY_NUMBERS}
            return cls(_part_ids(fields["parts"]), lost_to=frozenset(map(str, fields["lost_to"])), **numbers)
        except (KeyError, TypeError, ValueError) as error:
            raise MalformedQuestion(f"malformed summary: {error}") from error


def encode_question(question: Question) -> bytes:
    request, columns = question.request, question.columns
    traces = {} if request.traces is None else {"traces": base64.b64encode(request.traces.to_bytes()).decode()}
    return orjson.dumps(
        {
            "tenant": str(request.tenant),
            "signal": request.signal.name,
            "matchers": [[matcher.name, matcher.op.value, matcher.value] for matcher in request.matchers],
            "within": [request.window.start_ns, request.window.end_ns],
            "window": [question.window.start_ns, question.window.end_ns],
            "parts": _parts(question.parts),
            "fixed": _sorted(columns.fixed),
            "dynamic": _sorted(columns.dynamic),
            "edges_ns": question.edges_ns,
            **traces,
        }
    )


def decode_question(data: bytes) -> Question:
    """Raises MalformedQuestion, InvalidTenant or InvalidRegex."""
    try:
        fields: dict[str, Any] = orjson.loads(data)
        matchers = tuple(Matcher(str(name), MatchOp(op), str(value)) for name, op, value in fields["matchers"])
        request = Request(
            Tenant(str(fields["tenant"])), SIGNALS[fields["signal"]], matchers, _window(fields["within"]), _traces(fields.get("traces"))
        )
        columns = Columns(_names(fields["fixed"]), _names(fields["dynamic"]))
        return Question(request, _part_ids(fields["parts"]), _window(fields["window"]), columns, tuple(int(edge) for edge in fields["edges_ns"]))
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedQuestion(f"malformed question: {error}") from error


def _parts(ids: PartIds) -> list[tuple[str, int, int, int]]:
    return [(writer.hex(), epoch, first, last) for writer, epoch, first, last in ids.intervals()]


def _part_ids(fields: Iterable[Any]) -> PartIds:
    return PartIds(_interval(*each) for each in fields)


def _traces(text: str | None) -> TraceIds | None:
    return None if text is None else TraceIds(base64.b64decode(text, validate=True))


def _sorted(names: frozenset[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)


def _names(names: list[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(str(name) for name in names)


def _interval(writer: str, epoch: int, first: int, last: int) -> Interval:
    if not 0 <= first <= last:
        raise ValueError(f"parts from {first} to {last}")
    return bytes.fromhex(writer), int(epoch), int(first), int(last)


def _window(bounds: list[int]) -> Window:
    start_ns, end_ns = bounds
    return Window(int(start_ns), int(end_ns))
