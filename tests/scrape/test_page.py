"""The media type of an answer says how it is read."""

from __future__ import annotations

import pytest

from lgtm.scrape.config import PROTOCOLS, TEXT_PROTOCOLS, ScrapeConfig
from lgtm.scrape.page import UnknownPage, accept_header, decode_page
from lgtm.wire.exposition_messages import StoredHistogram
from lgtm.wire.exposition_protobuf import HISTOGRAM
from lgtm.wire.exposition_resolution import Resolution
from wire.families import delimited, family, spans

PROTOBUF = delimited(family("m", 1, {"gauge": {"value": 1}}))


def test_the_most_wanted_is_named_first() -> None:
    assert accept_header(TEXT_PROTOCOLS) == (
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
        "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
    )
    assert accept_header(tuple(PROTOCOLS)).startswith(
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
    )


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", b"m 1"),
        ("Text/Plain; version=0.0.4; charset=utf-8", b"m 1\n"),
        ("application/openmetrics-text; version=1.0.0", b"m 1\n# EOF\n"),
        ("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited", PROTOBUF),
    ],
)
def test_pages_are_read_as_they_say(content_type: str, body: bytes) -> None:
    page = decode_page(body, content_type, ScrapeConfig(job_name="j"))
    assert [dict(page.labels_of(row)) for row in range(len(page))] == [{"__name__": "m"}]


def test_native_histograms_are_as_fine_as_the_job_says() -> None:
    histogram = {"sample_count": 1, "schema": 5, "positive_span": spans((1, 1)), "positive_delta": [1]}
    body = delimited(family("h", HISTOGRAM, {"histogram": histogram}))
    job = ScrapeConfig(job_name="j", native_histograms=True, resolution=Resolution(schema_max=2))
    page = decode_page(body, PROTOCOLS["PrometheusProto"], job)
    assert StoredHistogram.FromString(page.histograms[0]).schema == 2


@pytest.mark.parametrize(
    ("content_type", "message"),
    [
        ("", "blank Content-Type"),
        ("text/html", 'unsupported Content-Type "text/html"'),
        ("application/vnd.google.protobuf", "unsupported Content-Type"),
    ],
)
def test_others_are_read_only_with_a_fallback(content_type: str, message: str) -> None:
    with pytest.raises(UnknownPage, match=message):
        decode_page(b"m 1", content_type, ScrapeConfig(job_name="j"))
    assert len(decode_page(b"m 1", content_type, ScrapeConfig(job_name="j", fallback_protocol="PrometheusText0.0.4"))) == 1
