"""Pages in Prometheus' text format: every form of a line, what is refused, and what other programs write."""

from __future__ import annotations

import contextlib
import math

import numpy as np
import prometheus_client
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from lgtm.wire.bounds import MalformedBody
from lgtm.wire.decoded_samples import Metadata
from lgtm.wire.exposition import NO_TIME, Exposition
from lgtm.wire.exposition_text import decode_text, sparse_times

Sample = tuple[dict[str, str], float]


def samples(page: Exposition) -> list[Sample]:
    return [(dict(page.labels_of(row)), float(page.values[row])) for row in range(len(page))]


@pytest.mark.parametrize(
    "line",
    [
        b'm{a="x y"} 1.5',
        b'm{a="x y"}\t1.5',
        b'm{a="x y"}  1.5 ',
        b' \tm {a="x y"} 1.5',
        b'm{a="x y"}1.5',
        b'{"m",a="x y"} 1.5',
        b'm{ a="x y" , } 1.5',
    ],
)
def test_blanks_do_not_matter(line: bytes) -> None:
    for page in (line, line + b"\n", b"\n\n" + line + b"\n  \n"):
        assert samples(decode_text(page)) == [({"__name__": "m", "a": "x y"}, 1.5)]


@pytest.mark.parametrize(
    ("line", "labels", "value", "ts_ms"),
    [
        (b"m 1", {}, 1, None),
        (b"m 1 1395066363000", {}, 1, 1395066363000),
        (b'm{a="b"} 1 -5', {"a": "b"}, 1, -5),
        (b'm{a="{x} y"}\t1', {"a": "{x} y"}, 1, None),
        (b'm{a="x} 1 2"} 3 4', {"a": "x} 1 2"}, 3, 4),
        (b'm{a="#"} +Inf', {"a": "#"}, math.inf, None),
        (b"m -Inf", {}, -math.inf, None),
    ],
)
def test_a_line_is_a_series_a_value_and_perhaps_a_time(line: bytes, labels: dict[str, str], value: float, ts_ms: int | None) -> None:
    page = decode_text(line + b"\n")
    assert samples(page) == [({"__name__": "m"} | labels, value)]
    assert (None if page.ts_ms is None else page.ts_ms.tolist()) == (None if ts_ms is None else [ts_ms])


def test_rows_without_a_time_say_so_where_others_have_one() -> None:
    page = decode_text(b"a 1\nb 2 3\nc 4")
    assert page.ts_ms is not None
    assert page.ts_ms.tolist() == [NO_TIME, 3, NO_TIME]


@pytest.mark.parametrize(
    "line",
    [
        b"m",
        b'm{a="b"}',
        b'm{a="b"} x',
        b'm{a="b} 1',
        b"m 1 2 3",
        b"m 1 1.5",
        b"m 1\r",
        b'{a="b" 1',
        b"} 1",
        b'm{a="b"} 1 # {c="d"} 2',
        b"m{a=b} 1",
        b"1m 1",
        b"m 1_0",
    ],
)
def test_a_wrong_line_fails_the_page(line: bytes) -> None:
    with pytest.raises(MalformedBody):
        samples(decode_text(b"good 1\n" + line + b"\nbetter 2\n"))


def test_comments_tell_of_families_and_others_are_nothing() -> None:
    page = decode_text(
        b"# HELP m A \\\\ text\\nof two lines {x} y\n# TYPE m counter\n#comment\n# \n# EOF\n#\tTYPE\to untyped\n"
        b'  # HELP m {x} y\n# HELP m A \\\\ text\\nof two lines {x} y\n# TYPE "a.b" summary\n# HELP\n# HELP later told\nm 1\n'
    )
    assert page.metadata == (
        Metadata("m", "counter", "A \\ text\nof two lines {x} y", ""),
        Metadata("o", "unknown", "", ""),
        Metadata("a.b", "summary", "", ""),
        Metadata("later", "unknown", "told", ""),
    )
    assert len(page) == 1


def test_an_unknown_type_fails_the_page() -> None:
    with pytest.raises(MalformedBody, match='invalid metric type "stateset"'):
        decode_text(b"# TYPE m stateset\n")


def test_bounds_have_one_spelling() -> None:
    page = decode_text(b'# TYPE h histogram\nh_bucket{le="1"} 1\n# TYPE s summary\ns{quantile="0.50"} 1\n# TYPE g gauge\ng{le="1"} 1\n')
    assert [dict(page.labels_of(row)) for row in range(3)] == [
        {"__name__": "h_bucket", "le": "1.0"},
        {"__name__": "s", "quantile": "0.5"},
        {"__name__": "g", "le": "1"},
    ]


def test_a_key_is_the_text_of_the_series() -> None:
    assert decode_text(b'm{a="b"} 1\nm{a="b"}  2 3\nn 4').keys == [b'm{a="b"}', b'm{a="b"}', b"n"]


def test_an_empty_page_has_no_series() -> None:
    assert len(decode_text(b"")) == 0
    assert sparse_times({}, 0) is None


def test_nan_is_the_ordinary_one() -> None:
    assert decode_text(b"m NaN").values.view(np.uint64).tolist() == [0x7FF8000000000001]


def test_what_the_python_client_writes_is_read_as_it_reads_it() -> None:
    registry = prometheus_client.CollectorRegistry()
    prometheus_client.Counter("requests", 'Requests "made"\nso far.', ["path"], registry=registry).labels('/a "b"\\\n').inc(3)
    prometheus_client.Histogram("latency", "Latency.", registry=registry, buckets=(0.1, 1, 10)).observe(0.5)
    prometheus_client.Summary("size", "Size.", ["kind"], registry=registry).labels("ü").observe(2)
    text = prometheus_client.generate_latest(registry)
    theirs = [
        ({"__name__": sample.name} | sample.labels, sample.value)
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    ]
    ours = samples(decode_text(text))
    assert sorted(ours, key=repr) == sorted(theirs, key=repr)


LABELS = st.dictionaries(st.from_regex(r"[a-z_][a-z0-9_]*", fullmatch=True), st.text(st.characters(codec="utf-8")), max_size=3)


@given(st.lists(st.tuples(LABELS, st.floats(allow_nan=False), st.one_of(st.none(), st.integers(-(2**53), 2**53)))))
def test_what_is_written_reads_back(rows: list[tuple[dict[str, str], float, int | None]]) -> None:
    def escaped(text: str) -> str:
        return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")

    lines = []
    for labels, value, ts_ms in rows:
        inside = ",".join(f'{name}="{escaped(text)}"' for name, text in labels.items())
        lines.append(f"m{{{inside}}} {value!r}{'' if ts_ms is None else f' {ts_ms}'}\n")
    page = decode_text("".join(lines).encode())
    assert samples(page) == [({"__name__": "m"} | labels, value) for labels, value, _ in rows]
    if page.ts_ms is not None:
        assert page.ts_ms.tolist() == [NO_TIME if ts_ms is None else ts_ms for *_, ts_ms in rows]


PIECES = st.sampled_from(
    [b"m", b"{", b"}", b'"', b"\\", b" ", b"\t", b"\n", b"#", b"# TYPE ", b"# HELP ", b"1", b"=", b",", b"a", b"\xff", b"\r", b"NaN"]
)


@given(st.one_of(st.binary(), st.lists(PIECES).map(b"".join)))
def test_any_bytes_are_a_page_or_refused(data: bytes) -> None:
    with contextlib.suppress(MalformedBody):
        samples(decode_text(data))
