from __future__ import annotations

from compactor.test_choose import block
from lgtm.blocks.layout import block_path
from lgtm.compactor.expire import expired, orphans
from lgtm.model.limits import DAY_NS, HOUR_NS
from lgtm.model.tenant import DEFAULT_TENANT
from lgtm.storage.objects import ObjectInfo
from support.blocks import DATE, DAY_START_NS


def test_a_block_goes_when_its_last_row_is_older_than_the_retention() -> None:
    one = block(0)
    assert expired([one], one.max_ns + DAY_NS, DAY_NS) == []
    assert expired([one], one.max_ns + DAY_NS + 1, DAY_NS) == [one]


def test_no_retention_keeps_blocks_for_ever() -> None:
    assert expired([block(0)], DAY_START_NS + 100_000 * DAY_NS, 0) == []


def test_old_data_without_a_meta_or_a_mark_is_an_orphan() -> None:
    path = block_path("logs", DEFAULT_TENANT, DATE, "a" * 32)
    data = ObjectInfo(f"{path}/0123/rows.parquet", 10, DAY_START_NS)
    later = DAY_START_NS + HOUR_NS
    assert orphans([data], later, HOUR_NS) == [data.key]
    assert orphans([data], later - 1, HOUR_NS) == [], "its flush may still be under way"
    for file in ("meta.json", "tombstone.json"):
        assert orphans([data, ObjectInfo(f"{path}/{file}", 10, DAY_START_NS)], later, HOUR_NS) == []


def test_objects_of_others_are_none_of_its_business() -> None:
    assert orphans([ObjectInfo("signal=logs/README", 10, 0), ObjectInfo("spill/x/1/2", 10, 0)], DAY_START_NS, HOUR_NS) == []
