from __future__ import annotations

import pytest

from lgtm.ingester.config import IngesterConfig


def test_the_defaults_agree_with_each_other() -> None:
    assert IngesterConfig().head_bytes_max >= 2 * IngesterConfig().generation_bytes_max


def test_a_head_that_cannot_hold_two_generations_is_refused() -> None:
    with pytest.raises(ValueError, match=r"ingester\.head_bytes_max"):
        IngesterConfig(generation_bytes_max=100, head_bytes_max=199)
