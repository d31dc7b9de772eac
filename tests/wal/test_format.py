"""docs/formats/wal.md promises that a reader can be written from the page alone. This is one: it shares no code with the log."""

import asyncio
import copy
import json
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from support.simdisk import SimDisk
from support.wal import ROOT, drop, open_log


@dataclass
class Reader:
    data: list[tuple[int, bytes]] = field(default_factory=list)
    lsns: list[int] = field(default_factory=list)
    synced_lsn: int = 0
    records: list[object] = field(default_factory=list)

    def segment(self, file: bytes, wal_id: bytes, secrets: dict[int, bytes], number: int) -> None:
        secret = secrets.get(number, b"")
        magic, version, owner, _, first_lsn, synced_lsn, _, own_secret, crc = struct.unpack_from("<8sI16sQQQQ8sI", file)
        if magic == b"lgtm.wal" and version == 1 and crc == zlib.crc32(file[:68]):
            assert owner == wal_id
            secret = own_secret
            self.synced_lsn = max(self.synced_lsn, synced_lsn)
            assert not self.lsns or first_lsn > self.lsns[-1]
        offset = 72
        while offset < len(file):
            offset = self.frame(file, offset, secret) or offset + 8

    def frame(self, file: bytes, offset: int, secret: bytes) -> int | None:
        """Offset of the next frame."""
        head = file[offset : offset + 32]
        if len(head) < 32 or not head.startswith(b"\xab\x4c\x57\xf6"):
            return None
        length: int
        length, lsn, synced_lsn, kind, flags, check, crc = struct.unpack("<IQQBBHI", head[4:])
        start, key = struct.unpack("<II", secret)
        payload = file[offset + 32 : offset + 32 + length]
        if len(payload) != length or check != zlib.crc32(head[:26], key) & 0xFFFF or crc != zlib.crc32(head[:28] + payload, start):
            return None
        assert (kind in (0, 1, 2), flags) == (True, 0)
        self.lsns.append(lsn)
        self.synced_lsn = max(self.synced_lsn, synced_lsn)
        if kind == 1:
            self.records.append(json.loads(payload))
        if kind == 2:
            self.data.append((lsn, payload))
        return offset + 32 + length + -length % 8


def read_identity(data: bytes) -> tuple[bytes, int, dict[int, bytes]]:
    magic, version, wal_id, _, deleted_lsn, count = struct.unpack_from("<8sI16sQQI", data)
    assert (magic, version, len(data)) == (b"lgtm.wid", 1, 48 + 16 * count + 4)
    assert struct.unpack_from("<I", data, len(data) - 4)[0] == zlib.crc32(data[:-4])
    return wal_id, deleted_lsn, dict(struct.iter_unpack("<Q8s", data[48:-4]))


def read(disk: SimDisk) -> Reader:
    wal_id, _, secrets = read_identity(disk.contents(ROOT / "identity"))
    directory, reader = ROOT / wal_id.hex(), Reader()
    assert {int(Path(name).stem) for name in disk.list(directory)} == set(secrets)
    for number in sorted(secrets):
        reader.segment(disk.contents(directory / f"{number:08d}.log"), wal_id, secrets, number)
    return reader


async def _written() -> SimDisk:
    disk = SimDisk()
    log, _ = await open_log(disk)
    for size in range(0, 900, 50):
        await log.append(bytes([size % 251]) * size)
    await drop(log)
    disk.kill()
    log, _ = await open_log(disk)
    await log.append(b"of the second process")
    await log.delete_before(log.segments()[0].number + 1)
    await log.append(b"last")
    await drop(log)
    return disk


DISK = asyncio.run(_written())


async def test_the_reader_from_the_page_finds_what_the_log_finds() -> None:
    reader = read(DISK)
    disk = copy.deepcopy(DISK)
    disk.kill()
    log, recovery = await open_log(disk)
    assert reader.data == [(record.lsn, bytes(record.payload)) for record in log.replay()]
    assert reader.lsns[-1] + 1 == recovery.next_lsn - 1
    assert len(reader.data) >= 5
    await log.close()


async def test_lsns_have_no_gaps_and_go_on_where_the_deletion_ended() -> None:
    reader = read(DISK)
    deleted_lsn = read_identity(DISK.contents(ROOT / "identity"))[1]
    assert reader.lsns == list(range(deleted_lsn + 1, reader.lsns[-1] + 1))
    end_lsn = next(lsn for lsn, payload in reader.data if payload == b"of the second process") - 2
    assert reader.records == [{"end_lsn": end_lsn, "holes": [], "damage": [], "missing": []}]
