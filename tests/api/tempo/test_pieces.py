"""Large answers are cut into messages that clients take, and say the same together."""

from __future__ import annotations

from typing import Any

import pytest

from lgtm.api.tempo.pieces import MESSAGE_BYTES_MAX, PIECE_BYTES, pieces
from lgtm.wire.tempo_messages import PARTIAL, Fields, Long, key_values, read_message

METRICS = {"inspectedBytes": Long(7)}


def cut(message: str, fields: Fields) -> list[Any]:
    """The messages, none too large."""
    found = list(pieces(message, fields | {"metrics": METRICS}))
    assert all(len(piece) <= PIECE_BYTES for piece in found)
    read = [read_message(message, piece) for piece in found]
    assert all(each.metrics.inspectedBytes == 7 for each in read)
    return read


def test_nothing_is_one_message() -> None:
    assert len(cut("SearchResponse", {})) == 1


@pytest.mark.parametrize(
    ("message", "name", "members"),
    [
        ("SearchTagsResponse", "tagNames", [f"{number:0200}" for number in range(20_000)]),
        ("SearchTagValuesResponse", "tagValues", [f"{number:0200}" for number in range(20_000)]),
        ("SearchTagValuesV2Response", "tagValues", [{"type": "string", "value": f"{number:0200}"} for number in range(10_000)]),
        ("SearchResponse", "traces", [{"traceID": f"{number:0200}"} for number in range(10_000)]),
        ("QueryInstantResponse", "series", [{"labels": key_values([("a", f"{number:0200}")])} for number in range(10_000)]),
    ],
)
def test_a_list_is_told_in_parts_and_in_order(message: str, name: str, members: list[Any]) -> None:
    found = cut(message, {name: members})
    assert 1 < len(found) <= 16
    whole = read_message(message, b"".join(each.SerializeToString() for each in found))
    assert list(getattr(whole, name)) == list(getattr(read_message(message, type(whole)(**{name: members}).SerializeToString()), name))


def test_samples_of_a_long_series_are_told_with_its_labels_again_and_exemplars_once() -> None:
    samples = [{"value": 1.0 + number, "timestampMs": Long(number)} for number in range(200_000)]
    exemplars = [{"value": 1.0, "timestampMs": Long(5)}]
    series = {"labels": key_values([("a", "b")]), "samples": samples, "exemplars": exemplars}
    found = cut("QueryRangeResponse", {"series": [series], "status": PARTIAL, "message": "why"})
    assert len(found) == 4
    assert [sample.timestampMs for each in found for sample in each.series[0].samples] == list(range(200_000))
    assert {(each.series[0].labels[0].key, each.status, each.message) for each in found} == {("a", 1, "why")}
    assert [len(each.series[0].exemplars) for each in found] == [1, 0, 0, 0]


def test_names_of_a_large_scope_are_told_in_several_scopes_of_its_name() -> None:
    tags = [f"{number:0200}" for number in range(10_000)]
    found = cut("SearchTagsV2Response", {"scopes": [{"name": "span", "tags": tags}, {"name": "link", "tags": ["a"]}]})
    assert [tag for each in found for scope in each.scopes if scope.name == "span" for tag in scope.tags] == tags


def spanset(spans: int, attribute_bytes: int) -> Fields:
    attributes = key_values([("a", "x" * attribute_bytes)])
    return {"matched": 7, "spans": [{"spanID": f"{number:016x}", "attributes": attributes} for number in range(spans)]}


@pytest.mark.parametrize("spanset", [spanset(100, 60_000), spanset(1, 5_000_000)], ids=["many spans", "one span"])
def test_of_a_trace_that_no_client_takes_fewer_spans_are_shown(spanset: Fields) -> None:
    spansets = [spanset, spanset]
    trace = {"traceID": "1", "durationMs": 3, "spanSet": spansets[0], "spanSets": spansets}
    (encoded,) = pieces("SearchResponse", {"traces": [trace], "metrics": METRICS})
    assert len(encoded) <= MESSAGE_BYTES_MAX
    (found,) = read_message("SearchResponse", encoded).traces
    assert (found.traceID, found.durationMs) == ("1", 3)
    assert all(each.matched == 7 for each in found.spanSets)
    assert len(found.spanSets) == 2
    assert found.spanSet == found.spanSets[0]
