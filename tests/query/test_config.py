from __future__ import annotations

import pytest

from lgtm.query.config import QueryConfig


@pytest.mark.parametrize("field", ["threads", "first_slice_rows"])
def test_counts_below_one_are_refused(field: str) -> None:
    with pytest.raises(ValueError, match=f"query.{field}"):
        QueryConfig(**{field: 0})  # type: ignore[arg-type]  # whole numbers, as some settings are
