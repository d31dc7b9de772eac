"""Of a field that a message has more than once the last counts, or each, in order."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from lgtm.wire.protobuf import Buffer, next_field
from wire.messages import field_bytes
from wire.test_protobuf import WANTED, messages, one_by_one


@given(messages)
def test_of_single_fields_the_last_counts(contents: list[bytes]) -> None:
    data = b"".join(field_bytes(7, content) for content in contents)
    buffer = Buffer(data)
    found = buffer.messages(7, most=100)
    fields = buffer.scan(np.array(found.starts, np.int64), np.array(found.ends, np.int64))
    expected = one_by_one(data, list(found.starts), list(found.ends))
    for wanted, start, end in zip(WANTED, *fields.last(*WANTED), strict=True):
        of_rows = dict(expected[wanted])
        assert [data[s:e] for s, e in zip(start.tolist(), end.tolist(), strict=True)] == [of_rows.get(row, b"") for row in range(len(contents))]
    of_oneof: dict[int, tuple[int, int]] = {}
    for row, (position, stop) in enumerate(zip(found.starts, found.ends, strict=True)):
        while position < stop:
            number, content, position = next_field(data, position, stop)
            if number in WANTED:
                of_oneof[row] = number, content
    code, start, _ = fields.last_of(*WANTED)
    assert [(c, s) for c, s in zip(code.tolist(), start.tolist(), strict=True)] == [of_oneof.get(row, (0, 0)) for row in range(len(contents))]


@given(messages)
def test_fields_of_several_tags_come_in_the_order_of_the_body(contents: list[bytes]) -> None:
    buffer = Buffer(b"".join(contents))
    ends = np.cumsum([len(content) for content in contents])
    fields = buffer.scan(ends - [len(content) for content in contents], ends)
    merged = fields.merged(*WANTED)
    assert merged.start.tolist() == sorted(start for tag in WANTED for start in fields.places(tag).start.tolist())
    assert merged.row.tolist() == sorted(merged.row.tolist())


def test_leading_fields_are_known_only_where_all_messages_are_alike() -> None:
    tag, alike = 2 << 3 | 2, field_bytes(2, b"a") * 2 + field_bytes(3, b"b")
    for bodies, known in [
        ([alike, alike], True),
        ([alike, alike + field_bytes(4, b"c")], True),
        ([alike, alike + field_bytes(2, b"c")], False),
        ([alike, field_bytes(2, b"a") + field_bytes(3, b"b")], False),
        ([alike, b""], False),
        ([field_bytes(3, b"b")], False),
    ]:
        buffer = Buffer(b"".join(bodies))
        ends = np.cumsum([len(body) for body in bodies])
        starts = ends - [len(body) for body in bodies]
        found = buffer.scan(starts, ends).leading(tag)
        assert (found.tolist() if found is not None else None) == ((starts + 6).tolist() if known else None)
