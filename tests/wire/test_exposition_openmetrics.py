"""Pages in OpenMetrics: exemplars, times in seconds, starts, units, the end mark, and what is refused."""

from __future__ import annotations

import prometheus_client
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from lgtm.wire.bounds import MalformedBody
from lgtm.wire.decoded_samples import Metadata
from lgtm.wire.exposition import NO_TIME, Exposition, ScrapedExemplar
from lgtm.wire.exposition_openmetrics import decode_openmetrics


def decode(*lines: bytes) -> Exposition:
    return decode_openmetrics(b"\n".join([*lines, b"# EOF\n"]))


def samples(page: Exposition) -> list[tuple[dict[str, str], float]]:
    return [(dict(page.labels_of(row)), float(page.values[row])) for row in range(len(page))]


@pytest.mark.parametrize("data", [b"", b"m 1\n", b"# EOF x", b"#EOF", b"m 1\n# EOF\n\n\n# EOF\nm 2\n", b"m 1\n# EO"])
def test_a_page_ends_with_its_mark(data: bytes) -> None:
    with pytest.raises(MalformedBody, match=r"data does not end with # EOF|unexpected data after # EOF"):
        decode_openmetrics(data)


def test_the_last_line_may_lack_its_end() -> None:
    assert len(decode_openmetrics(b"m 1\n# EOF")) == 1


@pytest.mark.parametrize(
    ("line", "ts_ms", "exemplar"),
    [
        (b'm_total{a="b"} 1', None, None),
        (b'm_total{a="b"} 1 1395066363.123', 1395066363123, None),
        (b'm_total{a="b"} 1 # {trace_id="x y"} 0.5', None, ((("trace_id", "x y"),), 0.5, None)),
        (b'm_total{a="b"} 1 12 # {} 0.5 13.5', 12_000, ((), 0.5, 13_500)),
        (rb'm_total{a="b"} 1 # {t="\"}# 1"} 5e-1 -1', None, ((("t", '"}# 1'),), 0.5, -1_000)),
    ],
)
def test_a_line_may_have_a_time_and_an_exemplar(line: bytes, ts_ms: int | None, exemplar: tuple[object, ...] | None) -> None:
    page = decode(b"# TYPE m counter", line)
    assert samples(page) == [({"__name__": "m_total", "a": "b"}, 1.0)]
    assert page.ts_ms is None if ts_ms is None else page.ts_ms is not None and page.ts_ms.tolist() == [ts_ms]
    assert page.exemplars == ([ScrapedExemplar(0, *exemplar)] if exemplar else [])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"", "expected a valid start token"),
        (b"m", "expected a valid start token"),
        (b"# a comment", "expected a valid start token"),
        (b"m 1 x", "invalid syntax"),
        (b"m 1 NaN", "invalid timestamp NaN"),
        (b"m 1 1e300", "invalid timestamp 1e300"),
        (b'm 1 # {a="b"} 1', "metric name m does not support exemplars"),
        (b'm_total 1 # {a="b"}', "expected value after exemplar labels"),
        (b'm_total 1 # {a="b} 1', "expected value after exemplar labels"),
        (b"# TYPE m untyped", 'invalid metric type "untyped"'),
        (b"# UNIT m seconds", 'unit "seconds" not a suffix of metric "m"'),
        (b'm{a="b"} 1 2 3', "expected a valid start token"),
    ],
)
def test_a_wrong_line_fails_the_page(line: bytes, message: str) -> None:
    with pytest.raises(MalformedBody, match=message):
        samples(decode(b"good 1", line))


def test_comments_tell_of_families() -> None:
    page = decode(b"# TYPE m_seconds gauge", b"# UNIT m_seconds seconds", rb"# HELP m_seconds A \"text\"\n.", b"m_seconds 1", b'# TYPE "a.b" info')
    assert page.metadata == (Metadata("m_seconds", "gauge", 'A "text"\n.', "seconds"), Metadata("a.b", "info", "", ""))


def test_created_says_since_when_all_samples_of_the_metric_count() -> None:
    page = decode(
        b"# TYPE c counter",
        b'c_total{a="1"} 1',
        b'c_created{a="1"} 1.5',
        b'c_total{a="2"} 2',
        b"# TYPE h histogram",
        b'h_created{x="y"} 2.5',
        b'h_bucket{le="1.0",x="y"} 1',
        b'h_bucket{x="y",le="+Inf"} 1',
        b'h_sum{x="y"} 1',
        b"# TYPE s summary",
        b's{quantile="0.5"} 1',
        b"s_count 1",
        b"s_created 3.5",
        b"# TYPE g gauge",
        b"g_created 4.5",
    )
    assert page.start_ms is not None
    assert [(dict(page.labels_of(row))["__name__"], start) for row, start in enumerate(page.start_ms.tolist())] == [
        ("c_total", 1_500),
        ("c_total", NO_TIME),
        ("h_bucket", 2_500),
        ("h_bucket", 2_500),
        ("h_sum", 2_500),
        ("s", 3_500),
        ("s_count", 3_500),
        ("g_created", NO_TIME),
    ]


def test_created_of_a_name_in_quotes_is_found() -> None:
    page = decode(b'# TYPE "a.b" counter', b'{"a.b_total",x="y"} 1', b'{"a.b_created",x="y"} 2')
    assert page.start_ms is not None
    assert (samples(page), page.start_ms.tolist()) == ([({"__name__": "a.b_total", "x": "y"}, 1.0)], [2_000])


@pytest.mark.parametrize("text", [b"NaN", b"1e300"])
def test_a_start_that_is_no_time_fails_the_page(text: bytes) -> None:
    with pytest.raises(MalformedBody, match="invalid timestamp"):
        decode(b"# TYPE c counter", b"c_total 1", b"c_created " + text)


def test_what_the_python_client_writes_is_read_as_it_reads_it() -> None:
    registry = prometheus_client.CollectorRegistry()
    prometheus_client.Counter("requests", "Requests.", ["path"], registry=registry).labels('/a "b"\\\n').inc(3, {"trace_id": "abc"})
    prometheus_client.Histogram("latency_seconds", "Latency.", registry=registry, unit="seconds", buckets=(0.1, 1)).observe(0.5, {"trace_id": "d"})
    prometheus_client.Enum("state", "State.", states=["on", "off"], registry=registry)
    prometheus_client.Info("build", "Build.", registry=registry).info({"version": "1"})
    text = generate_latest(registry)  # type: ignore[no-untyped-call]
    page = decode_openmetrics(text)
    theirs, exemplars = [], []
    for family in text_string_to_metric_families(text.decode()):  # type: ignore[no-untyped-call]
        for sample in family.samples:
            if not sample.name.endswith("_created"):
                theirs.append(({"__name__": sample.name} | sample.labels, sample.value))
                if sample.exemplar:
                    exemplars.append((sample.exemplar.labels, sample.exemplar.value))
    assert samples(page) == theirs
    assert [(dict(exemplar.labels), exemplar.value) for exemplar in page.exemplars] == exemplars
    assert page.start_ms is not None
    assert sum(start > 0 for start in page.start_ms.tolist()) == 6


PIECES = st.sampled_from(
    [
        b"m",
        b"m_total",
        b"m_created",
        b"{",
        b"}",
        b'"',
        b"\\",
        b" ",
        b"\n",
        b"#",
        b" # {",
        b"# TYPE m counter\n",
        b"# UNIT ",
        b"1",
        b"=",
        b",",
        b"a",
        b"\xff",
        b"le=",
    ]
)


@given(st.one_of(st.binary(), st.lists(PIECES).map(b"".join)))
def test_any_bytes_are_a_page_or_refused(data: bytes) -> None:
    for page in (data, data + b"\n# EOF\n"):
        try:
            samples(decode_openmetrics(page))
        except MalformedBody:
            continue
