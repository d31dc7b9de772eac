"""Series of a target from page to page: samples, markers of what is gone, and what is counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.clock import NS_PER_S
from lgtm.model.labels import labels_of
from lgtm.relabel.rule import Action, RelabelRule
from lgtm.scrape.config import ScrapeLimits
from lgtm.scrape.sample_labels import InvalidSample, SampleLabels
from lgtm.scrape.target_series import BucketLimitReached, Rows, SampleLimitReached, TargetSeries, decode_key, encode_key, sliced
from lgtm.wire.bounds import MalformedBody
from lgtm.wire.exposition import Exposition
from lgtm.wire.exposition_openmetrics import decode_openmetrics
from lgtm.wire.exposition_protobuf import HISTOGRAM, decode_protobuf
from lgtm.wire.exposition_resolution import Resolution
from lgtm.wire.exposition_text import decode_text
from wire.families import delimited, family, spans

NOW_NS = 1_700_000_000 * NS_PER_S
STALE_BITS = 0x7FF0000000000002
DROP_X = RelabelRule(action=Action.DROP, source_labels=("__name__",), regex="x")


def series(*, honor_timestamps: bool = True, track_timestamps: bool = False, **limits: int) -> TargetSeries:
    labels = SampleLabels((("job", "j"),), False, (DROP_X,), ScrapeLimits(**limits))
    return TargetSeries(labels, honor_timestamps=honor_timestamps, track_timestamps=track_timestamps)


def told(target: TargetSeries, rows: Rows) -> dict[str, Any]:
    """Name of a series → its value, or `stale`; of rows at another time than now with the time."""
    samples = target.samples(rows)
    found: dict[str, Any] = {}
    for row in samples.rows.to_pylist():
        labels = dict(samples.labels_of(row["series"]))
        assert labels.pop("job") == "j"
        bits = np.array([row["value"]]).view(np.uint64)[0]
        value = "stale" if bits == STALE_BITS else row["value"]
        found[labels["__name__"]] = value if row["ts"] == NOW_NS else (value, row["ts"] // 1_000_000)
    assert len(samples.keys) == len(set(samples.keys.to_pylist())) <= samples.rows.num_rows or samples.exemplars
    return found


def take(target: TargetSeries, text: str) -> dict[str, Any]:
    return told(target, target.take(decode_text(text.encode()), NOW_NS).rows)


def test_a_series_that_is_no_longer_on_the_page_ends() -> None:
    target = series()
    assert take(target, "a 1\nb 2\nx 3\n") == {"a": 1, "b": 2}
    assert take(target, "a 4\nc 5\n") == {"a": 4, "c": 5, "b": "stale"}
    assert take(target, "b 6\n") == {"b": 6, "a": "stale", "c": "stale"}
    assert take(target, "b 7\n") == {"b": 7}


def test_all_series_end_when_the_page_fails_and_only_once() -> None:
    target = series()
    take(target, "a 1\nb 2\n")
    assert told(target, target.lose(NOW_NS)) == {"a": "stale", "b": "stale"}
    assert told(target, target.lose(NOW_NS)) == {}
    assert take(target, "a 1\n") == {"a": 1}


PAGES = st.one_of(
    st.just("fails"),
    st.sampled_from(["{", "a 1\nb{ 2\n"]),  # no page
    st.lists(st.sampled_from("abcdefg"), unique=True, max_size=7).map(lambda names: "".join(f"{name} 1\n" for name in names)),
)


@given(st.lists(st.tuples(PAGES, st.booleans()), max_size=8))
def test_pages_may_fail_or_be_refused_in_any_order(pages: list[tuple[str, bool]]) -> None:
    """With the numbers of what is told about each scrape in between, as a loop asks for them. More than four series are too many."""
    target, live, on_page = series(samples_max=4), set[str](), set[str]()
    for page, reports in pages:
        names = set(page[::4])
        if (page.endswith("1\n") and "{" not in page and len(names) <= 4) or not page:
            taken = target.take(decode_text(page.encode()), NOW_NS)
            assert told(target, taken.rows) == dict.fromkeys(names, 1) | dict.fromkeys(live - names, "stale")
            assert taken.added == len(names - on_page)
            live = on_page = names
        else:
            if page != "fails":
                with pytest.raises((MalformedBody, SampleLimitReached)):
                    target.take(decode_text(page.encode()), NOW_NS)
            assert told(target, target.lose(NOW_NS)) == dict.fromkeys(live, "stale")
            live = set()
        if reports:
            target.number((("__name__", "up"), ("job", "j")))


def test_two_texts_may_be_one_series() -> None:
    target = series()
    assert take(target, 'a{b="1",c="2"} 1\n') == {"a": 1}
    assert take(target, 'a{c="2",b="1"} 2\n') == {"a": 2}


def test_samples_with_a_time_of_their_own_end_silently() -> None:
    target = series()
    assert take(target, "a 1 5\nb 2\n") == {"a": (1, 5), "b": 2}
    assert take(target, "") == {"b": "stale"}


def test_samples_with_a_time_of_their_own_end_where_that_is_asked_for() -> None:
    target = series(track_timestamps=True)
    take(target, "a 1 5\n")
    assert take(target, "") == {"a": "stale"}


def test_times_that_are_not_honored_are_now() -> None:
    target = series(honor_timestamps=False)
    assert take(target, "a 1 5\n") == {"a": 1}
    assert take(target, "") == {"a": "stale"}


def test_of_samples_of_one_series_at_one_time_the_first_counts() -> None:
    target = series()
    taken = target.take(decode_text(b"a 1\nb 5\na 2\na 3\n"), NOW_NS)
    assert told(target, taken.rows) == {"a": 1, "b": 5}
    assert (taken.scraped, taken.kept, taken.added, taken.duplicates) == (4, 4, 2, 2)
    taken = target.take(decode_text(b"a 1 1\na 2 2\na 3 1\n"), NOW_NS)
    assert taken.rows.ts_ns.tolist()[:2] == [1_000_000, 2_000_000]
    assert taken.duplicates == 1


def test_a_page_is_counted_before_and_after_relabelling() -> None:
    target = series()
    taken = target.take(decode_text(b"a 1\nb 2\nx 3\n"), NOW_NS)
    assert (taken.scraped, taken.kept, taken.added, taken.stale) == (3, 2, 2, 0)
    taken = target.take(decode_text(b"a 1\nc 2\nx 3\n"), NOW_NS)
    assert (taken.scraped, taken.kept, taken.added, taken.stale) == (3, 2, 1, 1)
    taken = target.take(decode_text(b"a 1\nb 2\n"), NOW_NS)
    assert (taken.added, taken.stale) == (1, 1)


@pytest.mark.parametrize(
    ("text", "error"),
    [("a 1\nb 2\nc 3\nx 4\nd 5\n", SampleLimitReached), ('a 1\n{y="z"} 1\n', InvalidSample), ('a 1\nb{c="d"e} 1\n', MalformedBody)],
)
def test_a_page_that_is_refused_changes_nothing(text: str, error: type[Exception]) -> None:
    target = series(samples_max=3)
    take(target, "a 1\nb 2\n")
    with pytest.raises(error):
        take(target, text)
    assert take(target, "a 1\nc 2\nd 3\nx 4\n") == {"a": 1, "c": 2, "d": 3, "b": "stale"}


def test_what_comes_and_goes_is_forgotten() -> None:
    target = series()
    for at in range(50):
        page = "stays 1\n" + "".join(f'comes{{n="{at}-{number}"}} 1\n' for number in range(100))
        taken = target.take(decode_text(page.encode()), NOW_NS)
        assert (taken.added, taken.stale) == (101 if at == 0 else 100, 0 if at == 0 else 100)
        assert target.samples(taken.rows).rows.num_rows == 101 + taken.stale
        assert target.known < 1_400


def test_starts_exemplars_and_metadata_go_along() -> None:
    target = series()
    page = decode_openmetrics(
        b'# TYPE a counter\na_total{b="x"} 1\na_total 2 # {trace_id="t"} 0.5\na_created 3\n# TYPE x gauge\nx_total 1 # {trace_id="u"} 1 7\n# EOF\n'
    )
    samples = target.samples(target.take(page, NOW_NS).rows, page)
    assert samples.rows.column("start_ns").to_pylist() == [None, 3 * NS_PER_S, None]
    assert samples.exemplars is not None
    assert samples.exemplars.to_pylist() == [
        {"series": 1, "ts": NOW_NS, "value": 0.5, "meta.trace_id": "t"},
        {"series": 2, "ts": 7 * NS_PER_S, "value": 1.0, "meta.trace_id": "u"},
    ]
    assert [one.family for one in samples.metadata] == ["a", "x"]
    assert samples.format == "scrape"


def test_markers_have_neither_start_nor_histogram() -> None:
    target = series()
    take(target, "gone 1\n")
    page = decode_openmetrics(b"# TYPE a counter\na_total 2\na_created 3\n# EOF\n")
    samples = target.samples(target.take(page, NOW_NS).rows)
    assert samples.rows.column("start_ns").to_pylist() == [3 * NS_PER_S, None]


def test_series_that_are_on_no_page_have_numbers_too() -> None:
    target = series()
    number = target.number(labels_of({"__name__": "up", "job": "j"}))
    assert told(target, Rows(np.array([number]), np.array([NOW_NS]), np.array([1.0]))) == {"up": 1}
    assert take(target, "a 1\n") == {"a": 1}


def test_keys_are_labels() -> None:
    labels = labels_of({"__name__": "m", "ä": "ü\n", "z": "x=y"})
    assert decode_key(encode_key(labels)) == labels
    assert decode_key(encode_key(())) == ()


def test_pieces_of_rows_have_all_of_them_and_exemplars_come_with_the_last() -> None:
    target = series()
    page = decode_openmetrics(b'# TYPE a counter\na_total 1 # {id="x"} 1\na_created 1\n# TYPE b counter\nb_total 2\nb_created 2\n# EOF\n')
    rows = target.take(page, NOW_NS).rows
    pieces = list(sliced(rows, 1))
    assert [told(target, piece) for piece in pieces] == [{name: value} for name, value in told(target, rows).items()]
    assert [len(piece.exemplars) for piece in pieces] == [0] * (len(pieces) - 1) + [1]
    assert [piece.starts_ns for piece in pieces] == [rows.starts_ns[at : at + 1] if rows.starts_ns else None for at in range(len(pieces))]
    assert len(list(sliced(rows, 100))) == len(list(sliced(target.lose(NOW_NS - 1), 1_000))) == 1


def test_a_histogram_with_too_many_buckets_fails_the_page_unless_it_is_dropped() -> None:
    def page(name: str) -> Exposition:
        far = {"sample_count": 2, "positive_span": spans((0, 1), (1_000, 1)), "positive_delta": [1, 0]}
        return decode_protobuf(delimited(family(name, HISTOGRAM, {"histogram": far})), resolution=Resolution(buckets_max=1))

    target = series()
    assert told(target, target.take(page("x"), NOW_NS).rows) == {}
    with pytest.raises(BucketLimitReached, match="histogram bucket limit exceeded") as raised:
        target.take(page("h"), NOW_NS)
    assert raised.value.kept == 1


def exemplars(target: TargetSeries, text: str, now_s: int = 0) -> list[tuple[str, float, int]]:
    """Trace id, value and time (in seconds from NOW_NS) of those of a page that are stored."""
    page = decode_openmetrics(f"# TYPE a counter\n{text}\n# EOF\n".encode())
    rows = target.take(page, NOW_NS + now_s * NS_PER_S).rows
    return [(dict(e.labels)["id"], e.value, (e.ts_ms or 0) // 1_000 - NOW_NS // NS_PER_S) for _, e in rows.exemplars]


def test_an_exemplar_is_stored_once_with_the_time_it_was_first_seen() -> None:
    target = series()
    shown = 'a_total 1 # {id="t"} 0.5'
    assert exemplars(target, shown) == [("t", 0.5, 0)]
    assert exemplars(target, shown, 1) == []
    assert exemplars(target, "a_total 1", 2) == []
    assert exemplars(target, shown, 3) == []
    assert exemplars(target, 'a_total 1 # {id="t"} 0.6', 4) == [("t", 0.6, 4)]
    assert exemplars(target, shown, 5) == [("t", 0.5, 5)]


def test_an_exemplar_with_another_time_is_another_one() -> None:
    target, now_s = series(), NOW_NS // NS_PER_S
    assert exemplars(target, f'a_total 1 # {{id="t"}} 0.5 {now_s - 9}') == [("t", 0.5, -9)]
    assert exemplars(target, f'a_total 1 # {{id="t"}} 0.5 {now_s - 9}', 1) == []
    assert exemplars(target, f'a_total 1 # {{id="t"}} 0.5 {now_s - 8}', 2) == [("t", 0.5, -8)]


def test_exemplars_are_told_apart_by_their_series() -> None:
    target = series()
    page = 'a_total{x="1"} 1 # {id="t"} 1\na_total{x="2"} 1 # {id="t"} 1'
    assert len(exemplars(target, page)) == 2
    assert exemplars(target, page, 1) == []


def test_exemplars_that_were_not_stored_are_new_once_more() -> None:
    target = series()
    shown = 'a_total 1 # {id="t"} 0.5'
    assert len(exemplars(target, shown)) == 1
    target.not_stored()
    assert exemplars(target, shown, 1) == [("t", 0.5, 1)]


def test_exemplars_are_remembered_and_forgotten_with_their_series() -> None:
    target = series()
    stays = 'a_total{x="stays"} 1 # {id="t"} 1'
    for at in range(5):
        lines = [f'a_total{{x="{at}-{number}"}} 1 # {{id="u"}} 1' for number in range(600)]
        new = exemplars(target, "\n".join([*lines, stays]), at)
        assert [one for one in new if one[0] == "t"] == ([("t", 1, 0)] if not at else [])
        assert len(new) == 600 + (not at)
        assert len(target._exemplars) <= target.known < 2_900
