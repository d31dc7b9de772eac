from __future__ import annotations

import pytest

from lgtm.ingester.records import KIND_GENERATION, KIND_PART, UnknownRecord, record, split_record


@pytest.mark.parametrize("kind", [KIND_PART, KIND_GENERATION])
def test_a_record_comes_back_as_kind_and_payload(kind: int) -> None:
    found, payload = split_record(memoryview(b"".join(record(kind, b"payload"))))
    assert (found, bytes(payload)) == (kind, b"payload")


@pytest.mark.parametrize("data", [b"", b"short", b"\x07\0\0\0\0\0\0\0rest", b"\xff" * 8])
def test_what_is_no_record_of_this_version_is_refused(data: bytes) -> None:
    with pytest.raises(UnknownRecord):
        split_record(memoryview(data))
