from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from lgtm.blocks.checked import check_file, damage, digest_of
from lgtm.blocks.layout import ROWS_FILE, DamagedBlock
from support.blocks import day_of_entries, written


def test_a_file_is_checked_as_path_bytes_and_view_alike(tmp_path: Path) -> None:
    block = written(day_of_entries(), tmp_path)
    path, file = block.files[ROWS_FILE], block.meta.files[ROWS_FILE]
    other = replace(block.meta, files=block.meta.files | {ROWS_FILE: replace(file, xxh3="0" * 32)})
    for source in (path, path.read_bytes(), memoryview(path.read_bytes())):
        assert digest_of(source) == file.xxh3
        check_file(source, block.meta, ROWS_FILE, verify=True)
        check_file(source, other, ROWS_FILE, verify=False)
        with pytest.raises(ValueError, match="checksum differs"):
            check_file(source, other, ROWS_FILE, verify=True)
    with pytest.raises(ValueError, match=r"1 bytes instead of \d+"):
        check_file(b"x", block.meta, ROWS_FILE, verify=False)


@pytest.mark.parametrize("error", [pa.ArrowInvalid("torn"), FileNotFoundError("torn"), ValueError("torn"), KeyError("torn")])
def test_whatever_bytes_make_others_raise_is_damage_of_the_file(error: Exception) -> None:
    with pytest.raises(DamagedBlock, match=r"a/rows\.parquet: .*torn"), damage("a/rows.parquet"):
        raise error
