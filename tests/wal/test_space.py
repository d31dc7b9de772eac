from pathlib import Path

import pytest

from lgtm.wal.config import WalConfig
from lgtm.wal.disk import Space
from lgtm.wal.identity import Layout
from lgtm.wal.space import DiskState, Reserve, judge_space
from support.simdisk import SimDisk


@pytest.mark.parametrize(
    ("used", "inodes", "state"),
    [
        (0.0, 0.0, DiskState.OK),
        (0.849, 0.849, DiskState.OK),
        (0.85, 0.0, DiskState.PRESSURE),
        (0.0, 0.85, DiskState.PRESSURE),
        (0.919, 0.0, DiskState.PRESSURE),
        (0.92, 0.0, DiskState.FULL),
        (0.5, 1.0, DiskState.FULL),
    ],
)
def test_the_fuller_of_space_and_inodes_decides(used: float, inodes: float, state: DiskState) -> None:
    assert judge_space(Space(used, inodes), WalConfig()) is state


def test_the_reserve_takes_room_only_where_there_is_some() -> None:
    disk = SimDisk()
    disk.make_directory(Path("/wal"))
    disk.capacity = 1_000
    reserve = Reserve(disk, Layout(Path("/wal")), 600)
    reserve.ensure()
    reserve.ensure()
    assert disk.free_bytes == 400
    assert reserve.release()
    assert not reserve.release()
    disk.capacity = 500
    reserve.ensure()
    assert disk.list(Path("/wal")) == []
