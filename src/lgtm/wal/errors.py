"""What the log raises.

Unavailable
  LogFailed         a write or sync failed: nothing will be acknowledged by this process any more
  LogClosed         `close` was called
  LogBehind         the disk is slower than what is appended; the buffer is at its bound
  DiskFull          the volume is over its watermark, or no segment can be created
  LogLocked         another process holds the directory
LimitExceeded
  PayloadTooLarge   one frame cannot hold it; split it
Corruption
  ForeignLog        the directory holds segments of another log
  UnsupportedFormat a newer version of the program wrote this
  FrameDamaged      a frame that was valid when the log was opened is not any more
"""

from __future__ import annotations

from pathlib import Path

from lgtm.errors import Corruption, LimitExceeded, Unavailable


class LogFailed(Unavailable):
    """Raised by every append once a write or sync has failed. Only a new process may try again, in a new segment."""

    retry_after_s = None

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause

    def __str__(self) -> str:
        return f"the write-ahead log has failed and acknowledges nothing any more: {self.cause}"


class LogClosed(Unavailable):
    def __str__(self) -> str:
        return "the write-ahead log is closed"


class LogBehind(Unavailable):
    """Raised by an append that would exceed `wal.pending_bytes_max`."""

    def __init__(self, pending_bytes: int) -> None:
        super().__init__(pending_bytes)
        self.pending_bytes = pending_bytes

    def __str__(self) -> str:
        return f"{self.pending_bytes} bytes wait for the disk of the write-ahead log already; see wal.pending_bytes_max"


class DiskFull(Unavailable):
    """Raised before anything is logged. Goes away by itself once there is space."""

    retry_after_s = 5.0
    draining = True
    """Told to other nodes: nobody's writes are taken here now."""

    def __init__(self, directory: Path, reason: str) -> None:
        super().__init__(directory, reason)
        self.directory, self.reason = directory, reason

    def __str__(self) -> str:
        return f"the volume of the write-ahead log {self.directory} is full: {self.reason}"


class LogLocked(Unavailable):
    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.directory = directory

    def __str__(self) -> str:
        return f"the write-ahead log {self.directory} is in use by another process"


class PayloadTooLarge(LimitExceeded):
    def __init__(self, size: int, bytes_max: int) -> None:
        super().__init__(size, bytes_max)
        self.size, self.bytes_max = size, bytes_max

    def __str__(self) -> str:
        return f"a payload of {self.size} bytes does not fit into one frame of the log (at most {self.bytes_max}); split it"


class ForeignLog(Corruption):
    def __init__(self, path: Path, found: str, expected: str) -> None:
        super().__init__(path, found, expected)
        self.path, self.found, self.expected = path, found, expected

    def __str__(self) -> str:
        return f"{self.path} belongs to the log {self.found}, not to {self.expected}; move it away or restore the right identity file"


class UnsupportedFormat(Corruption):
    def __init__(self, where: str, what: str) -> None:
        super().__init__(where, what)
        self.where, self.what = where, what

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; a newer version of the program wrote it"


class FrameDamaged(Corruption):
    def __init__(self, path: Path, offset: int) -> None:
        super().__init__(path, offset)
        self.path, self.offset = path, offset

    def __str__(self) -> str:
        return f"the frame at offset {self.offset} of {self.path} was valid when the log was opened and is not any more"
