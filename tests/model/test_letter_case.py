"""Case is changed as Go changes it."""

from __future__ import annotations

import pytest

from lgtm.model.letter_case import lower, upper


@pytest.mark.parametrize(
    ("text", "large"),
    [("", ""), ("aB1_", "AB1_"), ("äß", "Äß"), ("ßa", "ßA"), ("ﬁx", "ﬁX"), ("ŉ", "ŉ"), ("ᾳ", "ᾼ"), ("ᾼ", "ᾼ"), ("ᾶ", "ᾶ"), ("ǆ", "Ǆ"), ("ÿ", "Ÿ")],
)
def test_a_character_without_a_capital_stays(text: str, large: str) -> None:
    assert upper(text) == large


@pytest.mark.parametrize(
    ("text", "small"), [("", ""), ("aB1_", "ab1_"), ("ÄẞA", "äßa"), ("ΟΔΟΣ", "οδοσ"), ("İI", "ii"), ("ᾼ", "ᾳ"), ("ǅ", "ǆ"), ("K", "k")]
)
def test_a_character_does_not_look_at_its_neighbours(text: str, small: str) -> None:
    assert lower(text) == small


def test_no_text_gets_longer() -> None:
    every = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x11_0000)]))
    assert len(upper(every)) == len(lower(every)) == len(every)
