"""Tokens follow from the identity of the log."""

from __future__ import annotations

import pytest

from lgtm.ring.tokens import TOKENS, tokens_of


def test_the_same_log_has_the_same_tokens_and_another_has_others() -> None:
    assert tokens_of("a") == tokens_of("a")
    assert not set(tokens_of("a")) & set(tokens_of("b"))


@pytest.mark.parametrize("count", [1, 5, TOKENS, 1_000])
def test_tokens_are_distinct_sorted_32_bit_numbers(count: int) -> None:
    tokens = tokens_of("a", count)
    assert len(tokens) == count
    assert list(tokens) == sorted(set(tokens))
    assert all(0 <= token < 2**32 for token in tokens)
