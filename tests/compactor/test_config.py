from __future__ import annotations

import pytest

from lgtm.compactor.config import CompactorConfig


@pytest.mark.parametrize("given", [{"fan_in": 1}, {"interval_s": 0.0}])
def test_settings_that_make_no_sense_are_refused(given: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=rf"compactor\.{next(iter(given))}"):
        CompactorConfig(**given)  # type: ignore[arg-type]
