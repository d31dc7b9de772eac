"""`decolorize`: lines without their colours."""

from __future__ import annotations

import pytest

from lgtm.logql.stages import Decolorize
from support.logframes import frame_of, lines_of, through


@pytest.mark.parametrize(
    ("line", "plain"),
    [
        ("", ""),
        ("plain [31m text", "plain [31m text"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[1;38;5;208mbold\x1b[m.", "bold."),
        ("\x9b1mbold", "bold"),
        ("\x1b[2Jcleared\x1b[K", "cleared"),
        ("\x1b]0;title\x07text", "text"),
        ("ünï \x1b[32m🚀\x1b[0m", "ünï 🚀"),
        ("ends with \x1b", "ends with \x1b"),
    ],
)
def test_escape_sequences_go_and_nothing_else_does(line: str, plain: str) -> None:
    assert lines_of(through(frame_of(line), Decolorize())) == [plain]


def test_it_prints_as_logql() -> None:
    assert str(Decolorize()) == "| decolorize"
