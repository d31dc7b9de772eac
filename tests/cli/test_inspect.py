import json
from pathlib import Path

import pytest

from cli.command import lgtm
from lgtm.wal.config import WalConfig
from lgtm.wal.disk import OsDisk
from lgtm.wal.log import Log
from support.blocks import day_of_entries, written


@pytest.fixture
async def wal(tmp_path: Path) -> Path:
    log, _ = await Log.open(OsDisk(), tmp_path / "wal", WalConfig(segment_bytes_max=1024 * 1024, payload_bytes_max=256 * 1024))
    for payload in (b"one" * 100, b"two" * 100):
        await log.append(payload)
    await log.close()
    return tmp_path / "wal"


@pytest.fixture
def block(tmp_path: Path) -> Path:
    made = written(day_of_entries(), tmp_path / "flush")
    directory = tmp_path / "blocks" / made.meta.path
    for name, path in made.files.items():
        (directory / made.meta.attempt).mkdir(parents=True, exist_ok=True)
        path.rename(directory / made.meta.files[name].path)
    (directory / "meta.json").write_bytes(made.meta.to_json())
    return directory


def damage(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)


def test_a_sound_log_ends_with_0(wal: Path) -> None:
    ran = lgtm("inspect", "wal", str(wal), "--json", "--frames")
    assert (ran.code, ran.err) == (0, "")
    assert [frame["kind"] for frame in json.loads(ran.out)["segments"][0]["frames"]] == ["recovery", "data", "data", "empty"]
    assert lgtm("inspect", "wal", str(wal)).out.startswith(str(wal))


def test_a_damaged_log_ends_with_1_and_the_place(wal: Path) -> None:
    (segment,) = wal.glob("*/00000001.log")
    damage(segment, 300)
    ran = lgtm("inspect", "wal", str(wal))
    assert ran.code == 1
    assert "DAMAGE" in ran.out
    assert lgtm("inspect", "wal", str(segment)).code == 1


def test_one_segment_can_be_looked_at(wal: Path) -> None:
    (segment,) = wal.glob("*/00000001.log")
    ran = lgtm("inspect", "wal", str(segment), "--json")
    assert (ran.code, json.loads(ran.out)["frame_count"]) == (0, 4)


def test_blocks_below_a_directory_are_all_looked_at(block: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "blocks", block, block / "meta.json"):
        ran = lgtm("inspect", "block", str(path), "--json")
        assert (ran.code, json.loads(ran.out)["row_count"]) == (0, 40)
    assert "40 rows of 3 series" in lgtm("inspect", "block", str(block)).out


def test_a_damaged_block_ends_with_1(block: Path) -> None:
    damage(next(block.glob("*/rows.parquet")), 100)
    ran = lgtm("inspect", "block", str(block))
    assert ran.code == 1
    assert "DAMAGE" in ran.out
