"""Answers in messages that every client takes: gRPC refuses those beyond 4 MiB, and Tempo keeps to 1 MiB.

An answer is cut along its list: traces, series, names. What is one member of it is cut along the list inside, where that says the same: samples of a
series, whose labels are told again, and names of a scope. A trace is told once; of one that is too large fewer spans are shown.
"""

from __future__ import annotations

from collections.abc import Iterator

from lgtm.wire.tempo_messages import Fields, message_bytes

PIECE_BYTES = 1024 * 1024
MESSAGE_BYTES_MAX = 4 * 1024 * 1024

_LISTS = {
    "SearchResponse": ("traces",),
    "SearchTagsResponse": ("tagNames",),
    "SearchTagsV2Response": ("scopes", "tags"),
    "SearchTagValuesResponse": ("tagValues",),
    "SearchTagValuesV2Response": ("tagValues",),
    "QueryRangeResponse": ("series", "samples"),
    "QueryInstantResponse": ("series",),
}


def pieces(message: str, fields: Fields) -> Iterator[bytes]:
    """Messages that say together what the fields say, at least one. All carry what is not in the list."""
    encoded = message_bytes(message, fields)
    halves = _halves(fields, _LISTS[message]) if len(encoded) > PIECE_BYTES else []
    if not halves and len(encoded) > MESSAGE_BYTES_MAX and message == "SearchResponse":
        halves = [_with_fewer_spans(fields)]
    if not halves:
        yield encoded
    for half in halves:
        yield from pieces(message, half)


def _halves(fields: Fields, lists: tuple[str, ...]) -> list[Fields]:
    """Two, or none when there is nothing left to cut. Exemplars stay with the first samples."""
    name, *inner = lists
    members = fields.get(name, [])
    if len(members) > 1:
        middle = len(members) // 2
        others = {key: value for key, value in fields.items() if key != "exemplars"}
        return [fields | {name: members[:middle]}, others | {name: members[middle:]}]
    if members and inner:
        return [fields | {name: [half]} for half in _halves(members[0], tuple(inner))]
    return []


def _with_fewer_spans(fields: Fields) -> Fields:
    """Half of those of each span set; span sets of one span are left out in the end, but the trace is told."""
    (trace,) = fields["traces"]
    spansets = [_halved(spanset) for spanset in trace.get("spanSets", []) if spanset.get("spans")]
    told = {name: value for name, value in trace.items() if name not in ("spanSet", "spanSets", *([] if spansets else ["serviceStats"]))}
    return fields | {"traces": [told | ({"spanSet": spansets[0], "spanSets": spansets} if spansets else {})]}


def _halved(spanset: Fields) -> Fields:
    spans = spanset["spans"]
    return spanset | {"spans": spans[: len(spans) // 2]}
