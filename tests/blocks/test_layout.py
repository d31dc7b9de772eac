from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.blocks.layout import BlockKey, block_path, date_of, day_of_date, parse_key, tenant_prefix
from lgtm.model.limits import DAY_NS
from lgtm.model.tenant import Tenant

ID = "0123456789abcdef" * 2
TENANTS = st.text("ab!-_.*'()", min_size=1, max_size=8).filter(lambda t: t not in (".", "..")).map(Tenant)


@given(TENANTS, st.sampled_from(["meta.json", "tombstone.json", "0a/rows.parquet"]))
def test_a_key_says_whose_it_is(tenant: Tenant, file: str) -> None:
    assert parse_key(f"{block_path('logs', tenant, '2024-10-04', ID)}/{file}") == BlockKey("logs", tenant, "2024-10-04", ID, file)


@given(TENANTS, TENANTS)
def test_no_tenants_prefix_covers_another(one: Tenant, other: Tenant) -> None:
    assert one == other or not block_path("logs", one, "2024-10-04", ID).startswith(tenant_prefix("logs", other))


@pytest.mark.parametrize(
    "key",
    [
        "",
        "index/signal=logs/tenant=t.json",
        f"signal=dreams/tenant=t/date=2024-10-04/{ID}/meta.json",
        f"signal=logs/tenant=../date=2024-10-04/{ID}/meta.json",
        f"signal=logs/tenant=t/date=today/{ID}/meta.json",
        f"signal=logs/tenant=t/date=2024-10-04/{ID[1:]}/meta.json",
        f"signal=logs/tenant=t/date=2024-10-04/{ID}",
    ],
)
def test_keys_outside_of_blocks_are_not_taken_for_theirs(key: str) -> None:
    assert parse_key(key) is None


@pytest.mark.parametrize(
    ("ts_ns", "date"), [(0, "1970-01-01"), (-1, "1969-12-31"), (DAY_NS - 1, "1970-01-01"), (-(2**63), "1677-09-21"), (2**63 - 1, "2262-04-11")]
)
def test_dates_are_those_of_utc(ts_ns: int, date: str) -> None:
    assert date_of(ts_ns) == date
    assert day_of_date(date) == ts_ns // DAY_NS
