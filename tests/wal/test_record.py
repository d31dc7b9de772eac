import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wal.errors import UnsupportedFormat
from lgtm.wal.lsn import LsnRange, merge, subtract
from lgtm.wal.record import RecoveryRecord

RANGES = st.lists(st.integers(1, 10**9).map(lambda lsn: LsnRange(lsn, lsn)), max_size=60).map(merge)
RECORDS = st.builds(RecoveryRecord, end_lsn=st.integers(0, 2**60), holes=RANGES, damage=RANGES, missing=st.lists(st.integers(1, 99)).map(tuple))


@given(RECORDS)
def test_what_is_encoded_is_read_back(record: RecoveryRecord) -> None:
    assert RecoveryRecord.decode(record.encode(10**6), "here") == record


@given(RECORDS)
def test_a_record_always_fits_and_then_covers_at_least_what_it_should(record: RecoveryRecord) -> None:
    data = record.encode(256)
    assert len(data) <= 256
    short = RecoveryRecord.decode(data, "here")
    assert subtract(record.holes, short.holes) == subtract(record.damage, short.damage) == ()


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b'{"end_lsn":1,"holes":[[3,1]],"damage":[],"missing":[]}', b"[" * 100_000, b"\xff"])
def test_what_no_version_wrote_is_refused(data: bytes) -> None:
    with pytest.raises(UnsupportedFormat, match="here: unknown recovery record"):
        RecoveryRecord.decode(data, "here")
