import json
import re

from cli.test_demo_shop import visits
from lgtm.cli.demo_logs import entries_of
from lgtm.cli.demo_shop import CHECKOUT, GATEWAY, PAYMENTS
from lgtm.cli.demo_spans import spans_of


def test_a_visit_has_one_trace_id_and_rising_times_that_end_with_it() -> None:
    for visit in visits(200):
        entries = list(entries_of(visit))
        assert {entry.trace_id for entry in entries} == {visit.trace_id}
        times = [entry.ts_ns for entry in entries]
        assert times == sorted(times)
        assert times[-1] == visit.end_ns


def test_every_line_was_logged_while_its_span_was_open_in_the_same_service() -> None:
    for visit in visits(300):
        spans = {span.span_id: span for span in spans_of(visit)}
        for entry in entries_of(visit):
            span = spans[entry.span_id]
            assert (span.service, span.region, span.trace_id) == (entry.service, entry.region, entry.trace_id)
            assert span.begin_ns <= entry.ts_ns <= span.end_ns
            assert bool(span.error) == (entry.level == "error")


def test_every_service_logs_in_its_own_format() -> None:
    entries = [entry for visit in visits(300) for entry in entries_of(visit)]
    assert {entry.service for entry in entries} == {GATEWAY, CHECKOUT, PAYMENTS}
    assert {entry.level for entry in entries} == {"info", "warn", "error"}
    for entry in entries:
        assert re.fullmatch("[0-9a-f]{32}", entry.trace_id)
        if entry.service == CHECKOUT:
            assert json.loads(entry.line)["level"] == entry.level
        elif entry.service == PAYMENTS:
            assert entry.line.startswith(f"level={entry.level} msg=")
        else:
            assert re.match(r'10\.\d+\.\d+\.\d+ - - "(GET|POST) /\S+ HTTP/1\.1" \d{3} \d+ ', entry.line)
