from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.blocks.layout import block_path
from lgtm.model.tenant import InvalidTenant, Tenant
from lgtm.storage.objects import KEY_BYTES_MAX, InvalidKey, check_key


@given(st.text(max_size=20))
def test_whatever_is_a_tenant_makes_a_key(text: str) -> None:
    try:
        tenant = Tenant(text)
    except InvalidTenant:
        return
    key = f"{block_path('logs', tenant, '2024-10-04', '0' * 32)}/{'0' * 16}/series.parquet"
    assert check_key(key) == key


@given(st.text(max_size=12) | st.text("./a", max_size=8))
def test_a_key_stays_below_its_root_as_a_path(text: str) -> None:
    try:
        key = check_key(text)
    except InvalidKey:
        return
    assert not key.startswith(("/", "."))
    assert not {"", ".", ".."} & set(key.split("/"))


@pytest.mark.parametrize(("length", "fits"), [(KEY_BYTES_MAX, True), (KEY_BYTES_MAX + 1, False)])
def test_keys_are_bounded(length: int, fits: bool) -> None:
    key = ("a" * 89 + "/") * 9 + "a" * (length - 810)
    if fits:
        assert check_key(key) == key
    else:
        with pytest.raises(InvalidKey):
            check_key(key)
