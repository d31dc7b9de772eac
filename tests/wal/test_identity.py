import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wal.errors import UnsupportedFormat
from lgtm.wal.frame import Secret
from lgtm.wal.identity import Identity, Layout, load, save
from support.simdisk import SimDisk

U64 = st.integers(0, 2**64 - 2)
SECRETS = st.dictionaries(U64, st.binary(min_size=8, max_size=8).map(Secret), max_size=5)
OLD = Identity(b"w" * 16, {1: Secret(b"1" * 8), 2: Secret(b"2" * 8)}, 1, 5)
NEW = OLD.with_segment(3, Secret(b"3" * 8)).without({1})
LAYOUT = Layout(Path("/wal"))


@given(st.builds(Identity, st.binary(min_size=16, max_size=16), SECRETS, U64, st.none() | U64))
def test_what_is_encoded_is_read_back(identity: Identity) -> None:
    assert Identity.decode(identity.encode(), "here") == identity


def test_any_changed_byte_and_any_cut_makes_it_no_identity() -> None:
    data = OLD.encode()
    for offset in range(len(data)):
        assert Identity.decode(data[:offset] + bytes([data[offset] ^ 1]) + data[offset + 1 :], "here") is None
        assert Identity.decode(data[:offset], "here") is None


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("lgtm.wal.identity.IDENTITY_VERSION", 2)
        data = OLD.encode()
    with pytest.raises(UnsupportedFormat, match="here: identity file of format version 2"):
        Identity.decode(data, "here")


def test_a_crash_at_any_step_of_saving_leaves_the_old_or_the_new_one() -> None:
    found = []
    for change in range(20):
        for seed in range(10):
            disk = SimDisk()
            disk.make_directory(LAYOUT.root)
            save(disk, LAYOUT, OLD)
            disk.crash_at = disk.changes + change
            try:
                save(disk, LAYOUT, NEW)
            except OSError:
                is_saved = False
            else:
                is_saved = True
            disk.power_loss(random.Random(seed))
            found.append(load(disk, LAYOUT))
            assert found[-1] == NEW or (found[-1] == OLD and not is_saved)
            save(disk, LAYOUT, NEW)  # whatever lies around is no hindrance
            assert load(disk, LAYOUT) == NEW
    assert OLD in found
    assert NEW in found


def test_only_directories_with_segments_are_logs() -> None:
    disk = SimDisk()
    for path in (LAYOUT.root, LAYOUT.segments(b"a" * 16), LAYOUT.segments(b"b" * 16), LAYOUT.root / "damaged"):
        disk.make_directory(path)
    disk.put(LAYOUT.segments(b"b" * 16) / "00000001.log", b"")
    disk.put(LAYOUT.root / "damaged" / "00000001.log", b"")
    assert LAYOUT.wal_ids(disk) == (b"b" * 16,)
