from cli.test_demo_shop import visits
from lgtm.cli.demo_shop import ATTEMPTS, CHECKOUT, GATEWAY, PAYMENTS, Visit
from lgtm.cli.demo_spans import DemoSpan, spans_of


def spans(visit: Visit) -> list[DemoSpan]:
    return list(spans_of(visit))


def test_a_trace_is_a_tree_with_one_root_that_lasts_as_long_as_the_visit() -> None:
    for visit in visits(300):
        root, *others = found = spans(visit)
        by_id = {span.span_id: span for span in found}
        assert len(by_id) == len(found)
        assert (root.parent_id, root.begin_ns, root.end_ns) == ("", visit.begin_ns, visit.end_ns)
        assert all(by_id[span.parent_id].begin_ns <= span.begin_ns <= span.end_ns <= by_id[span.parent_id].end_ns for span in others)


def test_an_order_crosses_all_services() -> None:
    order = next(visit for visit in visits(100) if visit.orders and not visit.fails)
    assert {span.service for span in spans(order)} == {GATEWAY, CHECKOUT, PAYMENTS}
    assert not any(span.error for span in spans(order))


def test_an_order_that_fails_shows_every_attempt_and_what_went_wrong() -> None:
    failed = next(visit for visit in visits(300) if visit.fails)
    attempts = [span for span in spans(failed) if span.error == "timeout"]
    assert len(attempts) == ATTEMPTS
    assert all(event.attributes["exception.type"] == "TimeoutError" for span in attempts for event in span.events)
    assert spans(failed)[0].error
