"""A table of spans answers what Tempo reads out of the messages."""

from __future__ import annotations

import numpy as np
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from lgtm.blocks.rest import conform
from lgtm.model.batch import Batch
from lgtm.model.series import Series
from lgtm.model.signal import REST, SPANS
from lgtm.spanmetrics.span_table import SpanTable, nested_text, resource_attributes
from spanmetrics.given import TENANT, Span, batch_of, batch_of_request, table_of

EVERY = np.arange(3)


def test_attributes_of_all_types_are_texts() -> None:
    table = table_of(Span(attributes={"a": "x"}), Span(attributes={"a": 7}), Span(attributes={"a": 0.5}))
    assert table.span("a").at(EVERY) == ["x", "7", "0.5"]
    assert table_of(Span(attributes={"a": True}), Span(attributes={"a": ""}), Span()).span("a").present.tolist() == [True, True, False]


def test_the_resource_comes_first() -> None:
    table = table_of(Span(resource={"a": 1.5}, attributes={"a": "x"}), Span(attributes={"a": "y"}), Span())
    assert table.attribute("a").at(EVERY) == ["1.5", "y", ""]
    assert table.resource("a").at(EVERY) == ["1.5", "", ""]
    assert table.resource("service.name").at(EVERY) == ["shop"] * 3


def test_attributes_beyond_the_cap_on_columns_are_found() -> None:
    batch = batch_of(Span(attributes={"a": 7, "b": "x"}), Span(attributes={"a": "y"}), Span())
    rows = conform(batch.rows, [], [field.name for field in SPANS.columns])
    assert REST in rows.schema.names
    table = SpanTable(Batch(SPANS, TENANT, batch.series, rows))
    assert (table.span("a").at(EVERY), table.span("b").at(EVERY), table.span("c").at(EVERY)) == (["7", "y", ""], ["x", "", ""], ["", "", ""])


def test_rows_may_be_a_part_of_others() -> None:
    batch = batch_of(Span(trace=1, name="a"), Span(trace=2, name="b", parent=3, ms=-4), Span(trace=3, name="c"))
    table = SpanTable(Batch(SPANS, TENANT, batch.series, batch.rows.slice(1, 1)))
    assert (table.ids("trace_id")[0].tolist()[-1], table.name.at(EVERY[:1]), table.has_parent.tolist()) == (2, ["b"], [True])
    assert (table.ids("parent_id")[0].tolist()[-1], table.seconds.tolist()) == (3, [0.0])


def test_a_batch_without_rows_is_a_table() -> None:
    table = SpanTable(batch_of_request(ExportTraceServiceRequest()))
    assert (len(table), table.span("a").at(EVERY[:0]), table.kind_name.at(EVERY[:0])) == (0, [], [])


def test_labels_have_to_be_there() -> None:
    batch = batch_of(Span())
    with pytest.raises(AssertionError, match="labels of every series"):
        SpanTable(Batch(SPANS, TENANT, (Series(batch.series[0].fingerprint, None),), batch.rows))


def test_attributes_of_a_resource_are_read_from_labels() -> None:
    (series,) = batch_of(Span(resource={"i": 7, "f": 2.0, "b": True, "l": ["a", "b"], "e": ""})).series
    found = resource_attributes(series.labels or ())
    assert found == {"service.name": "shop", "i": "7", "f": "2", "b": "true", "l": "[ab]", "e": ""}


@pytest.mark.parametrize(
    ("value", "expected"), [(None, ""), (b"x", ""), (["a", 1], "[a1]"), ({"k": True}, "{k:true}"), (1e21, "1" + "0" * 21), (False, "false")]
)
def test_nested_values_are_written_as_tempo_does(value: object, expected: str) -> None:
    assert nested_text(value) == expected  # type: ignore[arg-type]
