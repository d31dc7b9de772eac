"""Questions between nodes read back, and what is none is refused."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.errors import BadRequest
from lgtm.model.matchers import Matcher, MatchOp
from lgtm.model.part_ids import PartIds
from lgtm.model.signal import LOGS, SPANS
from lgtm.model.tenant import Tenant
from lgtm.model.trace_ids import TraceIds
from lgtm.model.window import ALWAYS, Window
from lgtm.query.asking import MalformedQuestion, Question, Summary, decode_question, encode_question
from lgtm.query.source import Columns, Request

PARTS = PartIds([(b"w" * 16, 2, 5, 9), (b"x" * 16, 1, 0, 0)])
REQUEST = Request(Tenant("t"), LOGS, (Matcher("app", MatchOp.RE, "a.*"), Matcher("env", MatchOp.NE, "ü")), Window(5, 10))


@pytest.mark.parametrize("dynamic", [None, frozenset[str](), frozenset({"meta.user", "meta.trace"})])
def test_a_question_reads_back(dynamic: frozenset[str] | None) -> None:
    question = Question(REQUEST, PARTS, ALWAYS, Columns(frozenset({"line"}), dynamic), (1, 2**62))
    again = decode_question(encode_question(question))
    assert (again.request, again.window, again.columns, again.edges_ns) == (REQUEST, ALWAYS, question.columns, (1, 2**62))
    assert list(again.parts.intervals()) == list(PARTS.intervals())


@pytest.mark.parametrize("ids", [None, [], [b"b" * 16, bytes(16)]])
def test_ids_of_traces_travel_in_a_question(ids: list[bytes] | None) -> None:
    traces = None if ids is None else TraceIds.of(ids)
    data = encode_question(Question(replace(REQUEST, signal=SPANS, traces=traces), PARTS, ALWAYS))
    assert decode_question(data).request.traces == traces
    assert ("traces" in orjson.loads(data)) == (ids is not None), "who asks for none asks as before"


def test_a_summary_reads_back() -> None:
    again = Summary.from_bytes(Summary(PARTS, 7, 9, -5, 2**62, frozenset("bc")).to_bytes())
    assert (again.row_count, again.forgotten_age_ns, again.min_ns, again.max_ns, again.lost_to) == (7, 9, -5, 2**62, frozenset("bc"))
    assert list(again.parts.intervals()) == list(PARTS.intervals())


@pytest.mark.parametrize(
    "change",
    [{"tenant": "../x"}, {"signal": "noise"}, {"matchers": [["a", "~", "b"]]}, {"matchers": 5}, {"window": [1]}, {"parts": [["zz", 1, 2, 3]]},
     {"parts": [["77", 1, 3, 2]]}, {"matchers": [["a", "=~", "("]]}, {"dynamic": 7}, {"traces": ""}, {"traces": "x", "signal": "traces"},
     {"traces": "eA==", "signal": "traces"}, {"traces": [1], "signal": "traces"}],
)  # fmt: skip
def test_what_is_no_question_is_refused(change: dict[str, object]) -> None:
    fields = orjson.loads(encode_question(Question(REQUEST, PARTS, ALWAYS)))
    with pytest.raises(BadRequest):
        decode_question(orjson.dumps(fields | change))


@given(st.binary(max_size=40))
def test_any_bytes_are_a_question_or_refused(data: bytes) -> None:
    with contextlib.suppress(MalformedQuestion):
        decode_question(data)
    with contextlib.suppress(MalformedQuestion):
        Summary.from_bytes(data)
