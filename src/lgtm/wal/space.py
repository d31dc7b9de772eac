"""Room on the log's volume: the watermarks, and the reserve that is given up last."""

from __future__ import annotations

import contextlib
import enum

from lgtm.wal.config import WalConfig
from lgtm.wal.disk import Disk, Space, is_full
from lgtm.wal.identity import Layout


class DiskState(enum.Enum):
    OK = "ok"
    PRESSURE = "pressure"
    """Flush harder."""
    FULL = "full"
    """Appends are refused; reads and flushes go on."""


def judge_space(space: Space, config: WalConfig) -> DiskState:
    if space.ratio >= config.disk_refuse_ratio:
        return DiskState.FULL
    if space.ratio >= config.disk_pressure_ratio:
        return DiskState.PRESSURE
    return DiskState.OK


class Reserve:
    """A file of one segment's size. Without it, a volume filled to the last byte by others could not even record a deletion."""

    def __init__(self, disk: Disk, layout: Layout, size: int) -> None:
        self._disk, self._path, self._size = disk, layout.reserve, size

    def ensure(self) -> None:
        """Best effort: a volume without room for it works as well, until it is full."""
        try:
            file = self._disk.create(self._path)
        except FileExistsError:
            return
        except OSError as error:
            if not is_full(error):
                raise
            return
        with contextlib.closing(file):
            try:
                file.allocate(self._size)
            except OSError as error:
                if not is_full(error):
                    raise
                self._disk.unlink(self._path)

    def release(self) -> bool:
        """Whether there was something to release."""
        try:
            self._disk.unlink(self._path)
        except FileNotFoundError:
            return False
        return True
